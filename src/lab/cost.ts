/**
 * What a million operations would cost on AWS, request-response, event-driven and as a spill, part by part; and from
 * which handler time on the others are cheaper than the first. Measured times and sizes by listed prices: a model, and
 * nothing was deployed.
 */
import { chunksOf } from "./basis.ts";
import { dollars, share } from "./figures.ts";
import { PRICES, type PriceId, REGION } from "./prices.ts";
import type { BreakEven, Cost, CostBasis, Price, Way } from "./report.ts";

export type CostOptions = {
  readonly prices?: readonly Price[];
  /** The kind of API Gateway in front. */
  readonly api?: "http" | "rest";
  /** Of the calls that a spill took, those that it answered at once; without it there is no price of a spill. */
  readonly atOnceShare?: number | undefined;
};

type Plan = Pick<Way, "batch" | "parallel" | "notice"> & { readonly flow: "request" | "event" };
type Part = Way["parts"][number];
type Rates = {
  readonly of: (id: PriceId) => Price;
  readonly door: Price;
};

const MILLION = 1_000_000;
const MIX =
  "A spill is priced as a mix: what it answered at once here as request-response, the rest event-driven in the largest batches and pushed. Another load has another mix. What decides between the two, such as a count of the slots in use, is not included.";
/** Of a function that only looks a receipt up. */
const LOOKUP_MS = 20;

export function costOf(
  basis: CostBasis,
  { prices = PRICES, api = "http", atOnceShare }: CostOptions = {},
): Cost {
  const rates = ratesOf(prices, api);
  const plans = plansOf(basis.batch);
  const ways = plans.map((plan) => wayOf(plan, basis, rates));
  const breakEven = plans
    .filter(({ flow }) => flow === "event")
    .map((plan) => ({ way: nameOf(plan), handlerMs: breakEvenOf(plan, basis, rates) }));
  const spill = atOnceShare === undefined ? undefined : spillOf(atOnceShare, ways);
  // A mix is cheaper than one of its parts exactly where the other part is.
  const crossing = breakEven.find(({ way }) => way === spill?.rest.name);
  return {
    region: prices.every(({ region }) => region === REGION) ? REGION : regionsOf(prices),
    prices,
    basis,
    ways: spill ? [...ways, spill.way] : ways,
    breakEven:
      spill && crossing && atOnceShare !== 1
        ? [...breakEven, { ...crossing, way: spill.way.name }]
        : breakEven,
    assumptions: [...assumptionsOf(basis, rates), ...(spill ? [MIX] : [])],
  };
}

/** Some calls as request-response, the others event-driven in the largest batches, and their callers told by a push. */
function spillOf(
  atOnceShare: number,
  ways: readonly Way[],
): { readonly way: Way; readonly rest: Way } | undefined {
  const request = ways.find(({ flow }) => flow === "request");
  const rest = ways.filter(({ parallel, notice }) => parallel && notice === "push").at(-1);
  if (!request || !rest) return undefined;
  const mixed = (name: string, part: number, { name: as, usdPerMillion }: Way): Part => ({
    name,
    usd: part * usdPerMillion,
    how: `as "${as}": ${figure(part)} × ${dollars(usdPerMillion)} per million`,
  });
  const parts = [
    mixed("Answered at once", atOnceShare, request),
    mixed("Given a receipt", 1 - atOnceShare, rest),
  ];
  const name =
    atOnceShare === 1 ? "spill, all at once" : `spill, ${share(atOnceShare, 1)} at once, the rest pushed`;
  const { batch, parallel, notice } = rest;
  return { rest, way: { name, flow: "spill", batch, parallel, notice, usdPerMillion: sumOf(parts), parts } };
}

function ratesOf(prices: readonly Price[], api: "http" | "rest"): Rates {
  const of = (id: PriceId): Price => {
    const price = prices.find((candidate) => candidate.id === id);
    if (price === undefined) throw new Error(`The price table has no ${id}.`);
    return price;
  };
  return { of, door: of(`${api}-api-request`) };
}

function regionsOf(prices: readonly Price[]): string {
  return [...new Set(prices.map(({ region }) => region))].join(", ");
}

function plansOf(batch: number): readonly Plan[] {
  const event = { flow: "event", parallel: true } as const;
  const notices = ["none", "push", "poll"] as const;
  const batched: readonly Plan[] =
    batch === 1
      ? []
      : [
          ...notices.map((notice) => ({ ...event, batch, notice })),
          { flow: "event", batch, parallel: false, notice: "none" },
        ];
  return [
    { flow: "request", batch: 1, parallel: false, notice: "none" },
    ...notices.map((notice) => ({ ...event, batch: 1, notice })),
    ...batched,
  ];
}

function nameOf({ flow, batch, parallel, notice }: Plan): string {
  if (flow === "request") return "request";
  const how =
    batch === 1 ? "one by one" : `batches of ${batch} ${parallel ? "in parallel" : "one after another"}`;
  const told = { none: "", push: ", pushed", poll: ", polled once" }[notice];
  return `event, ${how}${told}`;
}

function wayOf(plan: Plan, basis: CostBasis, rates: Rates): Way {
  const parts = [
    ...(plan.flow === "request" ? requestParts(basis, rates) : eventParts(plan, basis, rates)),
    ...tableParts(basis, rates),
    ...noticeParts(plan, basis, rates),
  ];
  return { name: nameOf(plan), ...plan, usdPerMillion: sumOf(parts), parts };
}

function requestParts(basis: CostBasis, rates: Rates): readonly Part[] {
  return [
    part("API Gateway", 1, rates.door, "one call"),
    part("Lambda, invoked", 1, rates.of("lambda-request"), "one each"),
    compute(basis, basis.handlerMs, 1, rates, "the handler"),
  ];
}

function eventParts({ batch, parallel }: Plan, basis: CostBasis, rates: Rates): readonly Part[] {
  // A message is sent alone; a batch is received and deleted by one request each, but paid by what it carries.
  const requests = basis.queueChunks + chunksOf(basis.inputBytes * batch) / batch + 1 / batch;
  const shared = parallel ? batch : 1;
  const share = batch === 1 ? "one each" : `one for ${batch}`;
  return [
    part("API Gateway", 1, rates.door, "one call, written to the queue by the gateway itself"),
    part("SQS", requests, rates.of("sqs-request"), `sent alone, received and deleted ${share}`),
    part("Lambda, invoked", 1 / batch, rates.of("lambda-request"), share),
    compute(
      basis,
      basis.handlerMs,
      shared,
      rates,
      shared === 1 ? "the handler" : `${shared} handlers at once`,
    ),
  ];
}

function tableParts({ writeUnits, readUnits, itemsWritten }: CostBasis, rates: Rates): readonly Part[] {
  const items = `${figure(itemsWritten)} ${itemsWritten === 1 ? "item" : "items"} with the outcome's record`;
  const how = itemsWritten > 1 ? `${items}, in a transaction, which costs double` : items;
  return [
    part("DynamoDB, written", writeUnits, rates.of("dynamodb-write-unit"), how),
    ...(readUnits > 0
      ? [part("DynamoDB, read", readUnits, rates.of("dynamodb-read-unit"), "consistent reads")]
      : []),
  ];
}

function noticeParts({ notice }: Plan, basis: CostBasis, rates: Rates): readonly Part[] {
  if (notice === "none") return [];
  const unit = rates.of("dynamodb-read-unit");
  if (notice === "push") {
    return [
      part("Push", 1, rates.of("websocket-message"), "one message of up to 32 KiB"),
      part("Push, to whom", 0.5, unit, "the connection looked up, eventually consistent"),
    ];
  }
  return [
    part("Poll", 1, rates.door, "the receipt asked for once"),
    part("Poll, Lambda invoked", 1, rates.of("lambda-request"), "one each"),
    compute(basis, LOOKUP_MS, 1, rates, "assumed", "Poll, Lambda's time"),
    part("Poll, DynamoDB read", 1, unit, "the receipt, consistent"),
  ];
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

function sumOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { usd }) => sum + usd, 0);
}

/** Only the handler's time changes a price, and by a straight line: two points of each way give where they cross. */
function breakEvenOf(plan: Plan, basis: CostBasis, rates: Rates): BreakEven["handlerMs"] {
  const request: Plan = { flow: "request", batch: 1, parallel: false, notice: "none" };
  const dearerAt = (handlerMs: number) =>
    wayOf(plan, { ...basis, handlerMs }, rates).usdPerMillion -
    wayOf(request, { ...basis, handlerMs }, rates).usdPerMillion;
  const atNothing = dearerAt(0);
  if (atNothing <= 0) return 0;
  const savedEachMs = (atNothing - dearerAt(1_000)) / 1_000;
  return savedEachMs < 1e-9 ? null : atNothing / savedEachMs;
}

function assumptionsOf({ memoryMiB, batch }: CostBasis, rates: Rates): readonly string[] {
  const minutes = 10_000 * 8 * 60 * 30;
  const held = (minutes / MILLION) * rates.of("websocket-minute").usd;
  return [
    `Lambda functions have ${memoryMiB} MiB and take as long as the handler took here. Whatever they do before and after it, their cold starts and repeated attempts are not included.`,
    "Both flows record the outcome beside what the handler writes, so that a repeated call is answered the same. What the operation sends to others is one more item each; their own runs are theirs.",
    ...(batch > 1
      ? [
          `Batches of ${batch} are full, which takes traffic; with little of it, one by one is what is paid. In parallel means that the handlers of a batch wait at the same time and do not contend for the processor: for handlers that compute, look at "one after another".`,
        ]
      : []),
    `Held sockets come on top of each push: 10,000 of them for eight hours a day cost $${figure(held)} a month.`,
    "Not included: free tiers, discounts by volume, logs (which can exceed all of this), data transfer out, storage, and the polling of idle queues (some $0.26 a month for each).",
  ];
}

/** As short as it can be read: 1.2, 0.05, 20. */
function figure(value: number): string {
  return String(Number(value.toPrecision(4)));
}
