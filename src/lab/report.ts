/**
 * `report.json`: what a run of the flow report measured, and what was concluded from it. The one thing that the lab,
 * the page that shows a report and the console have in common. Times are milliseconds unless the name says otherwise;
 * counts are sums over all repeats. Imports nothing, so that pages can read it too.
 */

export const REPORT_VERSION = 1;

export type FlowReport = {
  readonly kind: "spillway-flow-report";
  readonly version: typeof REPORT_VERSION;
  /** RFC 3339, UTC. */
  readonly madeAt: string;
  readonly madeOn: Machine;
  readonly spillway: string;
  /** File name of the module, without its folder. */
  readonly app: string;
  readonly operation: string;
  readonly declaredFlow: Flow;
  readonly profile: Profile;
  readonly repeats: number;
  readonly resources: readonly ResourceLimit[];
  /** An operation of the app that tells of the database behind it, asked while the load ran. */
  readonly probe?: string;
  readonly lanes: readonly Lane[];
  readonly cost: Cost;
  readonly recommendation: Recommendation;
  /** What was measured and what is a model, in sentences for people. */
  readonly basis: readonly string[];
};

export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
};

export type Profile = {
  readonly kind: "steady" | "ramp" | "burst" | "spike" | "replay";
  readonly basePerSecond: number;
  readonly peakPerSecond: number;
  readonly seconds: number;
  readonly seed: number;
  /** In each lane of each repeat. */
  readonly offered: number;
};

export type ResourceLimit = {
  readonly name: string;
  readonly concurrency: number | null;
  readonly ratePerSecond: number | null;
};

/** One flow under the profile. `request-retrying`: request-response with a client that repeats what was refused. */
export type LaneName = Flow | "request-retrying";
export type Flow = "request" | "event" | "spill";

/** As people read them, wherever a lane is named. */
export const LANE_TITLES: Readonly<Record<LaneName, string>> = {
  request: "request",
  "request-retrying": "request, retried",
  event: "event",
  spill: "spill",
};

export type Lane = {
  readonly name: LaneName;
  readonly counts: Counts;
  /** From the moment a call was meant to be sent until its reply. */
  readonly acknowledged: Distribution;
  /** Until its outcome: that of the reply, or of the job. Of succeeded calls. */
  readonly done: Distribution;
  /** Of the handler alone, as often as it ran. */
  readonly handler: Distribution;
  readonly resources: readonly ResourceUse[];
  readonly queue: { readonly peakDepth: number; readonly peakOldestMs: number };
  /** From the last arrival until the last outcome. */
  readonly drainSeconds: number;
  readonly effects: Effects;
  /** Jobs that its handlers sent to other operations: beside the calls, and in none of their counts. */
  readonly sent: { readonly jobs: number; readonly succeeded: number; readonly dead: number };
  /** How well the load generator kept up: by how much it was late, and how much of one core it took. */
  readonly generator: { readonly lateP99Ms: number; readonly cpuShare: number };
  /** The highest of each number that the probe answered. */
  readonly probe?: Readonly<Record<string, number>>;
  /** Of the first repeat. */
  readonly series: Series;
  /** So that the spread is seen. */
  readonly runs: readonly Run[];
};

/** offered = answered + receipts + refused + failed. */
export type Counts = {
  readonly offered: number;
  /** `200` with the output. */
  readonly answered: number;
  readonly receipts: number;
  /** Nothing was kept and nothing ran: 4xx and 503. */
  readonly refused: number;
  /** Anything else: 500, 504, no reply at all. */
  readonly failed: number;
  /** Of refused and failed, by problem code; "no-reply" where none came. */
  readonly byCode: Readonly<Record<string, number>>;
  /** Offered calls whose work was done in the end. */
  readonly succeeded: number;
  /** Attempts beyond the first one, made by the server. */
  readonly retried: number;
  /** Jobs that ended `failed`. */
  readonly dead: number;
  /** Requests beyond the first one, made by the client. */
  readonly clientRetries: number;
};

/** Receipts without an end when the lab gave up waiting: until then no queue was empty. */
export function waitingIn({ counts: { answered, receipts, succeeded, dead } }: Lane): number {
  return Math.max(0, answered + receipts - succeeded - dead);
}

/** With status 5xx but 503, or without any. All others refuse: an operation's own codes have status 4xx. */
const FAILURES = [
  "handler-failed",
  "handler-timeout",
  "invalid-output",
  "effects-too-large",
  "delivery-exhausted",
  "internal",
  "not-on-this-deployment",
  "no-reply",
];

/** The codes of the lanes, each under what it is counted by. */
export function codesOf(lanes: readonly Lane[]): Readonly<Record<"refused" | "failed", readonly string[]>> {
  const codes = [...new Set(lanes.flatMap(({ counts }) => Object.keys(counts.byCode)))].sort();
  const isFailure = (code: string) => FAILURES.includes(code) || /^(?!503)[1235]\d\d$/.test(code);
  return {
    refused: codes.filter((code) => !isFailure(code)),
    failed: codes.filter(isFailure),
  };
}

export type Distribution = {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  readonly mean: number;
  /** How many took up to `upTo`, and more than the bucket before; ascending, empty buckets left out. */
  readonly buckets: readonly { readonly upTo: number; readonly count: number }[];
};

export type ResourceUse = {
  readonly name: string;
  readonly limit: number | null;
  readonly peak: number;
  /** With every slot taken. */
  readonly fullSeconds: number;
};

/** Writes and sends that handlers asked for and that were committed, against what the store holds afterwards. */
export type Effects = {
  readonly expected: number;
  readonly counted: number;
};

/** One value for each step from the first arrival on. */
export type Series = {
  readonly stepMs: number;
  readonly arrivals: readonly number[];
  readonly acknowledged: readonly number[];
  readonly completed: readonly number[];
  readonly refused: readonly number[];
  readonly queued: readonly number[];
  readonly oldestMs: readonly number[];
  readonly inUse: Readonly<Record<string, readonly number[]>>;
  /** Each number that the probe answers. */
  readonly probe: Readonly<Record<string, readonly number[]>>;
};

export type Run = {
  readonly seconds: number;
  readonly answered: number;
  readonly receipts: number;
  readonly refused: number;
  readonly failed: number;
  readonly acknowledgedP99: number;
  readonly doneP99: number;
};

export type Cost = {
  readonly region: string;
  readonly prices: readonly Price[];
  readonly basis: CostBasis;
  readonly ways: readonly Way[];
  readonly breakEven: readonly BreakEven[];
  /** What the model takes for granted and what it leaves out, in sentences for people. */
  readonly assumptions: readonly string[];
};

export type Price = {
  /** Stable, for programs and for whoever overrides it: "lambda-gb-second". */
  readonly id: string;
  readonly usd: number;
  readonly per: string;
  readonly region: string;
  readonly source: string;
  readonly date: string;
};

/** What the arithmetic starts from: measured, but for the memory, the batch and who calls. */
export type CostBasis = {
  readonly handlerMs: number;
  readonly inputBytes: number;
  /** With the record of the outcome. */
  readonly itemsWritten: number;
  readonly itemsRead: number;
  /** Of DynamoDB, for one operation: 1 KiB each, twice in a transaction. */
  readonly writeUnits: number;
  /** Of what is read, and of what is added to. */
  readonly readUnits: number;
  /** Of the job's row without its outcome, each time it is written; and to read it. */
  readonly rowUnits: number;
  readonly rowReads: number;
  /** Whether callers have names, by whose changes are kept. */
  readonly named: boolean;
  readonly queueChunks: number;
  readonly memoryMiB: number;
  readonly batch: number;
};

export type Way = {
  /** "request", "event, batches of 10 in parallel, pushed", "spill, 20% at once, the rest pushed", … */
  readonly name: string;
  readonly flow: Flow;
  readonly batch: number;
  readonly parallel: boolean;
  readonly notice: "none" | "push" | "poll";
  readonly usdPerMillion: number;
  readonly parts: readonly { readonly name: string; readonly usd: number; readonly how: string }[];
};

/** From which handler time on the way is cheaper than request-response; 0: always; null: never. */
export type BreakEven = { readonly way: string; readonly handlerMs: number | null };

export type Recommendation = {
  /** Null: measured too little to say, or none of them carries this load. */
  readonly flow: Flow | null;
  /** One paragraph. */
  readonly text: string;
  /** The figures it rests on. */
  readonly restsOn: readonly string[];
};
