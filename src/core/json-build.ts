// Builds the value of a JSON text that JSON.parse cannot be trusted with: one that has an escape in a key.
// It refuses to check anything, because the text has passed the gate.

import type { JsonValue } from "./json.ts";

type Container =
  | { readonly items: JsonValue[] }
  | { readonly members: { [key: string]: JsonValue }; key: string | undefined };

// Commas, colons and white space decide nothing in a valid text.
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[-+.\w]+|[{}[\]]/g;

/** JSON that was checked, or written, before: for what is kept as text. */
export function parseJson(text: string): JsonValue {
  return text.includes("\\") ? buildJson(text) : (JSON.parse(text) as JsonValue);
}

/**
 * V8 13.6 and 14.6 (Node.js 24 and 26) compare the key they expect next with the undecoded source: once any
 * request has sent `{"a":[],"\\":0}`, another's `{"a":1,"\n":2}` is read as `{"a":1,"\\":2}`. Parsing the
 * tokens one by one leaves JSON.parse no key to expect.
 */
export function buildJson(text: string): JsonValue {
  const open: Container[] = [];
  let root: JsonValue = null;
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === "}" || token === "]") {
      open.pop();
      continue;
    }
    const parent = open[open.length - 1];
    if (parent && "members" in parent && parent.key === undefined) {
      parent.key = JSON.parse(token) as string;
      continue;
    }
    let value: JsonValue;
    if (token === "[") {
      const items: JsonValue[] = [];
      value = items;
      open.push({ items });
    } else if (token === "{") {
      const members: { [key: string]: JsonValue } = {};
      value = members;
      open.push({ members, key: undefined });
    } else {
      value = JSON.parse(token) as JsonValue;
    }
    if (parent === undefined) root = value;
    else if ("items" in parent) parent.items.push(value);
    else if (parent.key !== undefined) {
      parent.members[parent.key] = value;
      parent.key = undefined;
    }
  }
  return root;
}
