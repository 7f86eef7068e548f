/**
 * What a million operations would cost on AWS, request-response, event-driven and as a spill, part by part; and from
 * which handler time on the others are cheaper than the first. Measured times and sizes by listed prices: a model, and
 * nothing was deployed.
 */
import {
  type Accept,
  CHANGES_WRITES,
  figure,
  type Part,
  type Plan,
  partsOf,
  type Rates,
  SHORT_MS,
  slotInVain,
} from "./cost-parts.ts";
import { dollars, share } from "./figures.ts";
import { PRICES, type PriceId, REGION } from "./prices.ts";
import type { BreakEven, Cost, CostBasis, Price, Way } from "./report.ts";

export type CostOptions = {
  readonly prices?: readonly Price[];
  /** The kind of API Gateway in front of the functions. */
  readonly api?: "http" | "rest";
  /** Who takes calls that are queued; a function, unless API Gateway is to write to the queue by itself. */
  readonly accept?: Accept;
  /** Of the calls that a spill took, those that it answered at once; without it there is no price of a spill. */
  readonly atOnceShare?: number | undefined;
};

const MILLION = 1_000_000;
const MIX =
  "A spill is priced as a mix: what it answered at once here as request-response, the rest event-driven in the largest batches, its outcome pushed or polled once, whichever is cheaper. Another load has another mix.";

export function costOf(
  basis: CostBasis,
  { prices = PRICES, api = "http", accept = "function", atOnceShare }: CostOptions = {},
): Cost {
  const rates = ratesOf(prices, api, accept);
  const plans = plansOf(basis.batch);
  const ways = plans.map((plan) => wayOf(plan, basis, rates));
  const breakEven = plans
    .filter(({ flow }) => flow === "event")
    .map((plan) => ({ way: nameOf(plan), handlerMs: breakEvenOf(plan, basis, rates) }));
  const spill = atOnceShare === undefined ? undefined : spillOf(atOnceShare, ways, rates);
  const rest = plans.find((plan) => nameOf(plan) === spill?.rest.name);
  return {
    region: prices.every(({ region }) => region === REGION) ? REGION : regionsOf(prices),
    prices,
    basis,
    ways: spill ? [...ways, spill.way] : ways,
    breakEven:
      spill && rest && atOnceShare !== 1
        ? [
            ...breakEven,
            // A mix is cheaper than one of its parts exactly where the other part is.
            { way: spill.way.name, handlerMs: breakEvenOf(rest, basis, rates, [slotInVain(1, rates)]) },
          ]
        : breakEven,
    assumptions: [...assumptionsOf(basis, rates), ...(spill ? [MIX] : [])],
  };
}

/** Some calls as request-response, the others event-driven in the largest batches, told in the cheaper way. */
function spillOf(
  atOnceShare: number,
  ways: readonly Way[],
  rates: Rates,
): { readonly way: Way; readonly rest: Way } | undefined {
  const request = ways.find(({ flow }) => flow === "request");
  const rest = cheapestTold(ways);
  if (!request || !rest) return undefined;
  const mixed = (name: string, part: number, { name: as, usdPerMillion }: Way): Part => ({
    name,
    usd: part * usdPerMillion,
    how: `as "${as}": ${figure(part)} × ${dollars(usdPerMillion)} per million`,
  });
  const parts = [
    mixed("Answered at once", atOnceShare, request),
    mixed("Given a receipt", 1 - atOnceShare, rest),
    ...(atOnceShare === 1 ? [] : [slotInVain(1 - atOnceShare, rates)]),
  ];
  const told = rest.notice === "push" ? "pushed" : "polled once";
  const name =
    atOnceShare === 1 ? "spill, all at once" : `spill, ${share(atOnceShare, 1)} at once, the rest ${told}`;
  const { batch, parallel, notice } = rest;
  return { rest, way: { name, flow: "spill", batch, parallel, notice, usdPerMillion: sumOf(parts), parts } };
}

/** Of the event-driven ways whose callers hear of the outcome, as those of a call at once do. */
export function cheapestTold(ways: readonly Way[]): Way | undefined {
  const told = ways.filter(({ flow, notice, parallel }) => flow === "event" && notice !== "none" && parallel);
  return told.toSorted((a, b) => b.batch - a.batch || a.usdPerMillion - b.usdPerMillion)[0];
}

function ratesOf(prices: readonly Price[], api: "http" | "rest", accept: Accept): Rates {
  const of = (id: PriceId): Price => {
    const price = prices.find((candidate) => candidate.id === id);
    if (price === undefined) throw new Error(`The price table has no ${id}.`);
    return price;
  };
  return { of, door: of(`${api}-api-request`), accept };
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
  const parts = partsOf(plan, basis, rates);
  return { name: nameOf(plan), ...plan, usdPerMillion: sumOf(parts), parts };
}

function sumOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { usd }) => sum + usd, 0);
}

/** Only the handler's time changes a price, and by a straight line: two points of each way give where they cross. */
function breakEvenOf(
  plan: Plan,
  basis: CostBasis,
  rates: Rates,
  besides: readonly Part[] = [],
): BreakEven["handlerMs"] {
  const request: Plan = { flow: "request", batch: 1, parallel: false, notice: "none" };
  const dearerAt = (handlerMs: number) =>
    sumOf(besides) +
    wayOf(plan, { ...basis, handlerMs }, rates).usdPerMillion -
    wayOf(request, { ...basis, handlerMs }, rates).usdPerMillion;
  const atNothing = dearerAt(0);
  if (atNothing <= 0) return 0;
  const savedEachMs = (atNothing - dearerAt(1_000)) / 1_000;
  return savedEachMs < 1e-9 ? null : atNothing / savedEachMs;
}

function assumptionsOf({ memoryMiB, batch, named }: CostBasis, rates: Rates): readonly string[] {
  const minutes = 10_000 * 8 * 60 * 30;
  const held = (minutes / MILLION) * rates.of("websocket-minute").usd;
  return [
    `Lambda functions have ${memoryMiB} MiB and take as long as the handler took here. Whatever they do before and after it, their cold starts and repeated attempts are not included.`,
    rates.accept === "function"
      ? `What is queued is checked and kept by a function before the caller has its receipt (accept mode "function"); that takes ${SHORT_MS} ms here, assumed, as looking a receipt up does.`
      : 'API Gateway writes what is queued into the queue by itself (accept mode "direct"), as a REST API, and keeps fewer promises so: docs/wire.md, section 9.',
    "Both flows record the outcome beside what the handler writes, so that a repeated call is answered the same: calls at once have a key here. Without one they leave no record, and cost less by it. What the operation sends to others is one more item each; their own runs are theirs.",
    named
      ? "Callers have names: each job is put among its caller's changes, and moved there twice."
      : `Callers are anonymous. Where they have names, each job is put among its caller's changes and moved there twice: ${dollars(CHANGES_WRITES * rates.of("dynamodb-write-unit").usd)} a million more, for what is queued.`,
    ...(batch > 1
      ? [
          `Batches of ${batch} are full, which takes traffic; with little of it, one by one is what is paid. In parallel means that the handlers of a batch wait at the same time and do not contend for the processor: for handlers that compute, look at "one after another".`,
        ]
      : []),
    `Held sockets come on top of each push: 10,000 of them for eight hours a day cost $${figure(held)} a month.`,
    "Not included: free tiers, discounts by volume, logs (which can exceed all of this), data transfer out, storage, and the polling of idle queues (some $0.26 a month for each).",
  ];
}
