/**
 * What AWS asks for what an operation needs, on demand and before any tier of volume: the one model in a flow
 * report's costs. A table of one's own replaces single rows by their id.
 */
import { SpillwayError } from "../core/errors.ts";
import type { Price } from "./report.ts";

export const REGION = "us-east-1";

const page = (service: string) => ({
  region: REGION,
  source: `https://aws.amazon.com/${service}/pricing/`,
  date: "2026-11-23",
});

export const PRICES = [
  { id: "http-api-request", usd: 1, per: "million requests", ...page("api-gateway") },
  { id: "rest-api-request", usd: 3.5, per: "million requests", ...page("api-gateway") },
  { id: "websocket-message", usd: 1, per: "million messages", ...page("api-gateway") },
  { id: "websocket-minute", usd: 0.25, per: "million connection-minutes", ...page("api-gateway") },
  { id: "lambda-request", usd: 0.2, per: "million requests", ...page("lambda") },
  { id: "lambda-gb-second", usd: 0.0000133334, per: "GB-second (arm64)", ...page("lambda") },
  { id: "sqs-request", usd: 0.4, per: "million requests of 64 KiB (standard)", ...page("sqs") },
  { id: "dynamodb-write-unit", usd: 0.625, per: "million units (on demand)", ...page("dynamodb") },
  { id: "dynamodb-read-unit", usd: 0.125, per: "million units (on demand)", ...page("dynamodb") },
] as const satisfies readonly Price[];

export type PriceId = (typeof PRICES)[number]["id"];

type Row = { readonly usd: number } & Partial<Pick<Price, "source" | "date" | "region">>;

const MEMBERS = ["usd", "source", "date", "region"];

/**
 * The table with the rows of `text` in their place: a JSON object of `{ id: usd }` or
 * `{ id: { usd, source?, date?, region? } }`. `file` is its name, for messages and as the source of what names none.
 */
export function withPrices(text: string, file: string): readonly Price[] {
  const given = parsed(text, file);
  const known: readonly string[] = PRICES.map(({ id }) => id);
  const unknown = Object.keys(given).filter((id) => !known.includes(id));
  if (unknown.length > 0) {
    throw wrong(`${file} prices ${unknown.map(quoted).join(" and ")}, and there is no such price.`, known);
  }
  return PRICES.map((price) => {
    const row = Object.hasOwn(given, price.id) ? rowOf(given[price.id], price.id, file) : undefined;
    // A price of somebody else's was not read where ours was.
    return row === undefined ? price : { ...price, source: file, date: "not given", ...row };
  });
}

function parsed(text: string, file: string): Readonly<Record<string, unknown>> {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw wrong(`${file} is not JSON: ${error instanceof Error ? error.message : error}.`);
  }
  if (isObject(given)) return given;
  throw wrong(`${file} holds ${quoted(given)}, not a JSON object of prices.`);
}

function rowOf(given: unknown, id: string, file: string): Row {
  const row = isObject(given) ? given : { usd: given };
  const odd = Object.keys(row).find((member) => !MEMBERS.includes(member));
  if (odd !== undefined) {
    throw wrong(`${file} gives ${quoted(id)} a ${quoted(odd)}; a price has ${MEMBERS.join(", ")}.`);
  }
  const { usd, ...words } = row;
  if (typeof usd !== "number" || !(usd >= 0)) {
    throw wrong(`${file} prices ${quoted(id)} at ${quoted(usd)}, which is no number of dollars.`);
  }
  const mute = Object.entries(words).find(([, word]) => typeof word !== "string");
  if (mute !== undefined) {
    throw wrong(`${file} gives ${quoted(id)} the ${mute[0]} ${quoted(mute[1])}; it must be a text.`);
  }
  return { ...words, usd };
}

function wrong(what: string, known?: readonly string[]): SpillwayError {
  const next = known === undefined ? 'Give { "http-api-request": 0.9 }.' : `There are: ${known.join(", ")}.`;
  return new SpillwayError("configuration", `${what} ${next}`);
}

const quoted = (value: unknown): string => JSON.stringify(value) ?? "nothing";

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
