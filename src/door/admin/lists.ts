/** How lists are written, and pages of what is kept in memory. Sorts and cuts; decides nothing about the items. */
import type { Page } from "../../core/engine.ts";
import { SpillwayError } from "../../core/errors.ts";
import type { JsonText } from "../../core/job.ts";
import type { Reply } from "../exchange.ts";
import { json } from "../replies.ts";
import { invalidInput, type Query } from "./query.ts";

export const PAGED = ["limit", "cursor"] as const;

/** No answer to an operator may come from a cache. */
export function answer(body: JsonText): Reply {
  return json(200, body, ["cache-control", "no-store"]);
}

export function listReply(items: readonly JsonText[], next: string | null): Reply {
  return answer(`{"items":[${items.join(",")}],"next":${JSON.stringify(next)}}`);
}

/** A page of a list that is at hand as a whole, in the order of `keyOf`. */
export function pageOf<T>(all: readonly T[], query: Query, keyOf: (item: T) => string): Reply {
  const limit = query.limit();
  const after = query.text("cursor") ?? "";
  query.check();
  if (!/^[0-9a-f]*$/.test(after)) throw badCursor();
  const rest = all
    .map((item) => ({ item, place: hex(keyOf(item)) }))
    .filter(({ place }) => place > after)
    .sort((a, b) => (a.place < b.place ? -1 : 1));
  const page = rest.slice(0, limit);
  const last = rest.length > limit ? page.at(-1)?.place : undefined;
  return listReply(
    page.map(({ item }) => JSON.stringify(item)),
    last ?? null,
  );
}

/** A cursor that the engine cannot read is the caller's mistake, like any other parameter. */
export async function enginePage<T>(ask: () => Promise<Page<T>>): Promise<Page<T>> {
  try {
    return await ask();
  } catch (error) {
    throw error instanceof SpillwayError && error.code === "malformed-request" ? badCursor() : error;
  }
}

function badCursor() {
  return invalidInput([
    { pointer: "/cursor", detail: "Send one that an earlier page gave as next, or none." },
  ]);
}

const encoder = new TextEncoder();

/** Safe in a URL whatever the name, and in the order of its bytes. */
function hex(text: string): string {
  return Array.from(encoder.encode(text), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
