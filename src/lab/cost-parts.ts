/**
 * What one operation needs of AWS, part by part: each a quantity, a price and the words that say how it came about.
 * The rows and requests are those of the engine on DynamoDB and of the functions, as ADR 0011 lays them out.
 */
import { chunksOf } from "./basis.ts";
import type { PriceId } from "./prices.ts";
import type { CostBasis, Price, Way } from "./report.ts";

/** Who takes a call that is queued: a function, which checks it and keeps it first; or API Gateway by itself. */
export type Accept = "function" | "direct";

export type Plan = Pick<Way, "batch" | "parallel" | "notice"> & { readonly flow: "request" | "event" };
export type Part = Way["parts"][number];
export type Rates = {
  readonly of: (id: PriceId) => Price;
  /** The API in front of functions. */
  readonly door: Price;
  readonly accept: Accept;
};

const MILLION = 1_000_000;
/** Of a function that looks a receipt up, and of one that keeps a call and sends its message. */
export const SHORT_MS = 20;
/** A numbered slot of the limit is taken and given back: a small item each time. */
const SLOT_WRITES = 2;
/** Who follows which receipt, found from either side. */
const FOLLOWER_ROWS = 2;
/** A job's place in the list of all, which is written once and never changes. */
const LIST_WRITES = 1;
/**
 * A job's place among the changes of a caller who has a name: put when it is opened; at its claim and at its end it
 * moves, which is a deletion and a put each.
 */
export const CHANGES_WRITES = 1 + 2 + 2;

export function partsOf(plan: Plan, basis: CostBasis, rates: Rates): readonly Part[] {
  return [
    ...(plan.flow === "request" ? requestParts(basis, rates) : eventParts(plan, basis, rates)),
    ...outcomeParts(basis, rates),
    ...noticeParts(plan, basis, rates),
  ];
}

function requestParts(basis: CostBasis, rates: Rates): readonly Part[] {
  const { writes, reads } = unitPrices(rates);
  return [
    part("API Gateway", 1, rates.door, "one call"),
    part("Lambda, invoked", 1, rates.of("lambda-request"), "one each"),
    compute(basis, basis.handlerMs, 1, rates, "the handler"),
    part("DynamoDB, a slot", SLOT_WRITES, writes, "one of the limit, taken and given back"),
    part("DynamoDB, opened", basis.rowUnits, writes, "the record under the call's key"),
    part("DynamoDB, record read", 2 * basis.rowReads, reads, "for its key, and before its end; consistent"),
  ];
}

function eventParts(plan: Plan, basis: CostBasis, rates: Rates): readonly Part[] {
  const { writes, reads } = unitPrices(rates);
  const { batch, parallel } = plan;
  const shared = parallel ? batch : 1;
  const each = batch === 1 ? "one each" : `one for ${batch}`;
  const handled = shared === 1 ? "the handler" : `${shared} handlers at once`;
  const kept = part("DynamoDB, opened", basis.rowUnits, writes, "the job's row");
  return [
    ...(rates.accept === "function" ? acceptParts(basis, rates) : directParts(rates)),
    queuePart(batch, basis, rates),
    part("Lambda, invoked", 1 / batch, rates.of("lambda-request"), each),
    compute(basis, basis.handlerMs, shared, rates, handled),
    kept,
    part("DynamoDB, listed", LIST_WRITES, writes, "its place in the list"),
    ...(basis.named
      ? [part("DynamoDB, changes", CHANGES_WRITES, writes, "its places among its caller's changes")]
      : []),
    part("DynamoDB, claimed", basis.rowUnits, writes, "the row, for one delivery of its message"),
    part("DynamoDB, row read", basis.rowReads, reads, "before the claim, consistent"),
    part("DynamoDB, followers", basis.named ? 2 : 1, reads, "whether anybody follows it, consistent"),
  ];
}

function acceptParts(basis: CostBasis, rates: Rates): readonly Part[] {
  return [
    part("API Gateway", 1, rates.door, "one call"),
    part("Accept, Lambda invoked", 1, rates.of("lambda-request"), "one each"),
    compute(basis, SHORT_MS, 1, rates, "assumed", "Accept, Lambda's time"),
  ];
}

/** Only a REST API can turn the answer of SQS into a receipt. */
function directParts(rates: Rates): readonly Part[] {
  return [
    part(
      "API Gateway",
      1,
      rates.of("rest-api-request"),
      "one call, written to the queue by a REST API itself",
    ),
  ];
}

/** A message is sent alone; a batch is received and deleted by one request each, but paid by what it carries. */
function queuePart(batch: number, { inputBytes, queueChunks }: CostBasis, rates: Rates): Part {
  const each = batch === 1 ? "one each" : `one for ${batch}`;
  const sent = rates.accept === "direct" ? queueChunks : 1;
  const received = rates.accept === "direct" ? chunksOf(inputBytes * batch) / batch : 1 / batch;
  const what = rates.accept === "direct" ? "with its input" : "with its id";
  return part(
    "SQS",
    sent + received + 1 / batch,
    rates.of("sqs-request"),
    `sent alone ${what}, received and deleted ${each}`,
  );
}

/** Of what is queued because no slot is free: those that are taken are looked at. */
export function slotInVain(share: number, rates: Rates): Part {
  return part("DynamoDB, no slot", share, unitPrices(rates).reads, "looked for in vain, consistent");
}

/** What the handler writes, with the outcome; one transaction, whichever way it was called. */
function outcomeParts({ writeUnits, readUnits, itemsWritten }: CostBasis, rates: Rates): readonly Part[] {
  const { writes, reads } = unitPrices(rates);
  const items = `${figure(itemsWritten)} ${itemsWritten === 1 ? "item" : "items"} with the outcome's record`;
  const how = itemsWritten > 1 ? `${items}, in a transaction, which costs double` : items;
  return [
    part("DynamoDB, written", writeUnits, writes, how),
    ...(readUnits > 0
      ? [part("DynamoDB, read", readUnits, reads, "what it reads, and what it adds to; consistent")]
      : []),
  ];
}

function noticeParts({ notice }: Plan, basis: CostBasis, rates: Rates): readonly Part[] {
  if (notice === "none") return [];
  const { writes, reads } = unitPrices(rates);
  if (notice === "push") {
    const frames = "the receipt followed, its state now, its outcome; of up to 32 KiB each";
    return [
      part("Push, messages", 3, rates.of("websocket-message"), frames),
      part("Push, Lambda invoked", 1, rates.of("lambda-request"), "to follow it"),
      compute(basis, SHORT_MS, 1, rates, "assumed", "Push, Lambda's time"),
      part("Push, follower kept", 2 * FOLLOWER_ROWS, writes, "by receipt and by connection, put and deleted"),
      part(
        "Push, read",
        2 + 3 * basis.rowReads,
        reads,
        "the connection, its receipts, the receipt three times",
      ),
    ];
  }
  return [
    part("Poll", 1, rates.door, "the receipt asked for once"),
    part("Poll, Lambda invoked", 1, rates.of("lambda-request"), "one each"),
    compute(basis, SHORT_MS, 1, rates, "assumed", "Poll, Lambda's time"),
    part("Poll, DynamoDB read", basis.rowReads, reads, "the receipt, consistent"),
  ];
}

function unitPrices(rates: Rates) {
  return { writes: rates.of("dynamodb-write-unit"), reads: rates.of("dynamodb-read-unit") };
}

function part(name: string, quantity: number, { usd, per }: Price, what: string): Part {
  return { name, usd: quantity * usd, how: `${what}: ${figure(quantity)} × $${usd} per ${per}` };
}

function compute(
  { memoryMiB }: CostBasis,
  ms: number,
  shared: number,
  rates: Rates,
  what: string,
  name = "Lambda's time",
): Part {
  const { usd, per } = rates.of("lambda-gb-second");
  const gbSeconds = ((memoryMiB / 1_024) * (ms / 1_000)) / shared;
  const by = shared === 1 ? "" : ` ÷ ${shared}`;
  return {
    name,
    usd: gbSeconds * usd * MILLION,
    how: `${what}: ${figure(ms)} ms × ${memoryMiB} MiB${by} × $${usd} per ${per}`,
  };
}

/** As short as it can be read: 1.2, 0.05, 20. */
export function figure(value: number): string {
  return String(Number(value.toPrecision(4)));
}
