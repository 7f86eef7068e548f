/**
 * Whether a text is one statement, as PostgreSQL would read it: found where it is called, since the server refuses more
 * only when it is run. Whoever goes around this check is refused there.
 */
import { configurationError } from "../../core/errors.ts";
import { shortened } from "../../core/sql.ts";

/** What a semicolon may stand in without ending anything, and comments, which may stand behind one that does. */
const QUOTED = [
  /(?<![\w$])[eE]'(?:[^'\\]|\\[\s\S]|'')*'/y,
  /'(?:[^']|'')*'/y,
  /"(?:[^"]|"")*"/y,
  /(?<![\w$])(\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)[\s\S]*?\1/y,
];
const LINE_COMMENT = /--[^\n]*/y;
const COMMENT_MARK = /\/\*|\*\//y;

export function checkOneStatement(what: string, text: string): void {
  let hasEnded = false;
  for (let at = 0; at < text.length; ) {
    const next = afterComment(text, at) ?? afterQuoted(text, at);
    const character = text[at] as string;
    if (hasEnded && afterComment(text, at) === undefined && !/[\s;]/.test(character)) {
      throw configurationError(
        `${what} got more than one statement: ${shortened(text)}.`,
        "Call it once for each.",
      );
    }
    if (character === ";") hasEnded = true;
    at = next ?? at + 1;
  }
}

function afterQuoted(text: string, at: number): number | undefined {
  for (const pattern of QUOTED) {
    const end = endOf(pattern, text, at);
    if (end !== undefined) return end;
  }
  return undefined;
}

/** Comments between marks may hold others. */
function afterComment(text: string, at: number): number | undefined {
  const line = endOf(LINE_COMMENT, text, at);
  if (line !== undefined) return line;
  if (!text.startsWith("/*", at)) return undefined;
  let depth = 0;
  for (let place = at; place < text.length; ) {
    const mark = endOf(COMMENT_MARK, text, place);
    if (mark === undefined) place++;
    else {
      depth += text[place] === "/" ? 1 : -1;
      place = mark;
      if (depth === 0) return place;
    }
  }
  return text.length;
}

function endOf(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}
