/** `Prefer` (RFC 7240). Never an error: what is unknown or odd counts as absent, the first of a repeated one wins. */

export type Preference = {
  readonly respondAsync: boolean;
  /** Seconds to hold the reply, 1–25. */
  readonly waitSeconds: number | undefined;
};

export const NO_PREFERENCE: Preference = { respondAsync: false, waitSeconds: undefined };

const LONGEST_WAIT_S = 25;

export function parsePrefer(header: string | undefined): Preference {
  if (header === undefined) return NO_PREFERENCE;
  const found = new Map<string, string>();
  for (const part of splitList(header)) {
    // RFC 7240 §2: token, optional value, optional parameters; the parameters are nobody's business here.
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s";,]*))?\s*(?:;|$)/.exec(
      part,
    );
    const name = match?.[1]?.toLowerCase();
    if (name !== undefined && !found.has(name)) found.set(name, unquoted(match?.[2] ?? ""));
  }
  return { respondAsync: found.get("respond-async") === "", waitSeconds: seconds(found.get("wait")) };
}

function seconds(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,9}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= 1 ? Math.min(value, LONGEST_WAIT_S) : undefined;
}

/** At the commas that stand in no quoted string. */
function splitList(header: string): readonly string[] {
  return (header.match(/(?:[^",]|"(?:[^"\\]|\\.)*"?)+/g) ?? []).map((part) => part.trim());
}

function unquoted(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, "$1") : value;
}
