/** `Prefer` (RFC 7240). Never an error: what is unknown or odd counts as absent, the first of a repeated one wins. */

export type Preference = {
  readonly respondAsync: boolean;
  /** Seconds to hold the reply, 1–25. */
  readonly waitSeconds: number | undefined;
};

const NO_PREFERENCE: Preference = { respondAsync: false, waitSeconds: undefined };

const LONGEST_WAIT_S = 25;
const MOST_CHARACTERS = 1_024;

// RFC 7240 §2: token, optional value, optional parameters; the parameters are nobody's business here. In two steps
// and without a choice between ways to match the same text, so that no header takes long.
const NAME = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*(?:(=)[ \t]*|$|;)/;
const VALUE = /^(?:"((?:[^"\\]|\\.)*)"|([^ \t";,]*))[ \t]*(?:;|$)/;

export function parsePrefer(header: string | undefined): Preference {
  if (header === undefined || header.length > MOST_CHARACTERS) return NO_PREFERENCE;
  const found = new Map<string, string>();
  for (const part of splitList(header)) {
    const preference = parsed(part.trim());
    if (preference && !found.has(preference.name)) found.set(preference.name, preference.value);
  }
  return { respondAsync: found.get("respond-async") === "", waitSeconds: seconds(found.get("wait")) };
}

function parsed(part: string): { readonly name: string; readonly value: string } | undefined {
  const head = NAME.exec(part);
  if (!head) return undefined;
  const name = (head[1] as string).toLowerCase();
  if (head[2] === undefined) return { name, value: "" };
  const value = VALUE.exec(part.slice(head[0].length));
  return value ? { name, value: value[1]?.replace(/\\(.)/g, "$1") ?? value[2] ?? "" } : undefined;
}

function seconds(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  const value = Number(text);
  return value >= 1 ? Math.min(value, LONGEST_WAIT_S) : undefined;
}

/** At the commas that stand in no quoted string. */
function splitList(header: string): readonly string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < header.length; i++) {
    const character = header[i];
    if (character === '"') quoted = !quoted;
    else if (character === "\\" && quoted) i++;
    else if (character === "," && !quoted) {
      parts.push(header.slice(start, i));
      start = i + 1;
    }
  }
  return [...parts, header.slice(start)];
}
