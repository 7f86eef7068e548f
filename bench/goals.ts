// What Spillway sets out to reach, embedded, on two cores that also run the load generator. Ratios are of the same
// run on the same Node.js; the product is its published build with everything it does by default. Each bound names
// the figure that is held against it; `npm run bench` says reached or MISSED, whichever it is.

/** The run that measures it: `npm run bench`, `-- --goals`, `-- --peers` and so on. */
type MeasuredBy = "main" | "goals" | "peers" | "soak" | "console" | "cold" | "postgres" | "postgres-soak";
export type Unit = "×" | "/s" | "ms" | "s" | "MiB" | "KiB" | "%" | "per commit" | "per job";

export const goals = {
  P1: "Accepting durably costs about what Fastify needs to answer and store nothing",
  P1b: "A unique Idempotency-Key on each call does not change that much",
  P2: "Accepting is faster than handing jobs to BullMQ on a Redis that syncs every write",
  P3: "Accepting, running and keeping the outcome is faster than Restate",
  P4: "The backlog drains fast",
  P5: "A large backlog slows nothing down",
  P6: "At low load nobody waits",
  P7: "On PostgreSQL it is faster than the queues that are made for it",
  P8: "Many requests share one fsync",
  P9: "Memory stays small",
  P10: "It runs on as it began",
  P11: "Batches are accepted in bulk",
  P12: "Draining at full speed leaves room for accepting",
  P13: "Looking on costs nothing that is noticed",
  P14: "A function on AWS is loaded about as fast as AWS's own clients",
  P15: "On PostgreSQL a node more does its part, and millions of jobs leave nothing slower",
} as const;

type Goal = keyof typeof goals;

export type Bound = {
  readonly goal: Goal;
  readonly measuredBy: MeasuredBy;
  /** What is held against the limit, in words. */
  readonly says: string;
  readonly limit: "at least" | "at most";
  readonly value: number;
  readonly unit: Unit;
};

const bound =
  (limit: Bound["limit"]) =>
  (goal: Goal, measuredBy: MeasuredBy, value: number, unit: Unit, says: string): Bound => ({
    goal,
    measuredBy,
    says,
    limit,
    value,
    unit,
  });
const atLeast = bound("at least");
const atMost = bound("at most");

/** By the name that programs know them by. */
export const bounds = {
  "accept-rate": atLeast(
    "P1",
    "main",
    0.8,
    "×",
    "durable accept against Fastify's no-op, requests per second",
  ),
  "accept-cpu": atMost(
    "P1",
    "main",
    1.35,
    "×",
    "durable accept against Fastify's no-op, server CPU per request",
  ),
  "keyed-rate": atLeast(
    "P1b",
    "main",
    0.55,
    "×",
    "with a unique key each against Fastify's no-op, requests per second",
  ),
  "keyed-cpu": atMost(
    "P1b",
    "main",
    2,
    "×",
    "with a unique key each against Fastify's no-op, server CPU per request",
  ),
  "bullmq-rate": atLeast("P2", "peers", 2.2, "×", "durable accept against BullMQ, requests per second"),
  "bullmq-cpu": atMost(
    "P2",
    "peers",
    0.4,
    "×",
    "durable accept against BullMQ, CPU per request with the store's",
  ),
  "restate-send": atLeast("P3", "peers", 6, "×", "accept + run + outcome of a no-op against Restate's send"),
  "restate-send-write": atLeast(
    "P3",
    "peers",
    5,
    "×",
    "accept + run + outcome with one write against Restate's send",
  ),
  "restate-call": atLeast("P3", "peers", 18, "×", "request-response with one write against Restate's call"),
  "drain-rate": atLeast(
    "P4",
    "main",
    150_000,
    "/s",
    "drain of no-op jobs with durable outcomes, jobs per second",
  ),
  "drain-200k": atLeast(
    "P4",
    "goals",
    150_000,
    "/s",
    "drain of 200,000 preloaded no-op jobs, jobs per second",
  ),
  "drain-bullmq": atLeast("P4", "peers", 8, "×", "drain against BullMQ's"),
  "drain-pg-boss": atLeast("P4", "peers", 5, "×", "drain against pg-boss's"),
  "drain-graphile-worker": atLeast("P4", "peers", 5, "×", "drain against graphile-worker's"),
  "deep-accept": atLeast("P5", "goals", 0.9, "×", "accept with 1,000,000 queued against accept with none"),
  "deep-drain": atLeast("P5", "goals", 0.9, "×", "drain with 1,000,000 queued against drain of 200,000"),
  "deep-start": atMost("P5", "goals", 0.5, "s", "start-up with 1,000,000 queued, until it listens"),
  "quiet-accept": atMost(
    "P6",
    "goals",
    1,
    "ms",
    "at 50/s, the 202's p50 above that of a server that does nothing",
  ),
  "quiet-push-p50": atMost(
    "P6",
    "goals",
    3,
    "ms",
    "at 50/s, from the call until its outcome is pushed over the socket, p50",
  ),
  "quiet-push-p99": atMost("P6", "goals", 6, "ms", "the same, p99"),
  "per-fsync": atLeast(
    "P8",
    "main",
    25,
    "per commit",
    "requests for each fsync of the log at 64 connections",
  ),
  "idle-memory": atMost("P9", "goals", 90, "MiB", "memory of an idle server (RSS)"),
  "backlog-memory": atMost("P9", "goals", 30, "MiB", "what 1,000,000 queued jobs add to it"),
  "socket-memory": atMost("P9", "goals", 20, "KiB", "what each open socket adds to it, with 2,000 open"),
  "soak-kept": atLeast("P10", "soak", 99, "%", "at 60% of the peak: calls answered of those offered"),
  "soak-rate": atMost("P10", "soak", 10, "%", "the same: the rate lost from the first third to the last"),
  "soak-p99": atMost("P10", "soak", 10, "%", "the same: growth of the p99"),
  "soak-memory": atMost("P10", "soak", 10, "%", "the same: growth of memory (RSS)"),
  "soak-log": atMost(
    "P10",
    "soak",
    64,
    "MiB",
    "the same: the largest that the store's write-ahead log became",
  ),
  "batch-rate": atLeast("P11", "main", 200_000, "/s", "jobs accepted by batches of 1,000, per second"),
  "draining-rate": atLeast(
    "P12",
    "main",
    0.4,
    "×",
    "accept while a full-speed drain runs against accept alone, requests per second",
  ),
  "console-cpu": atMost("P13", "console", 20, "ms", "CPU a second that five open consoles cost the server"),
  // One in a hundred jobs: what is asked each second or two divides into many of them, and would not if it followed them.
  "console-statements": atMost("P13", "console", 0.01, "per job", "statements that five consoles cause"),
  "console-lists": atMost(
    "P13",
    "console",
    3,
    "×",
    "the slowest list's first page at 1,000,000 jobs against 1,000",
  ),
  "cold-size": atMost(
    "P14",
    "cold",
    400,
    "KiB",
    "a queue's function, bundled without what is optional and what an app itself brings",
  ),
  "cold-load": atMost("P14", "cold", 1.5, "×", "loading it against loading AWS's clients alone"),
  "postgres-accept-pg-boss": atLeast(
    "P7",
    "postgres",
    12,
    "×",
    "durable accept on PostgreSQL against pg-boss, requests per second",
  ),
  "postgres-accept-graphile-worker": atLeast("P7", "postgres", 12, "×", "the same against graphile-worker"),
  "postgres-drain-pg-boss": atLeast("P7", "postgres", 2, "×", "drain on PostgreSQL against pg-boss's"),
  "postgres-drain-graphile-worker": atLeast("P7", "postgres", 2, "×", "the same against graphile-worker's"),
  "postgres-quiet": atMost(
    "P7",
    "postgres",
    4,
    "ms",
    "at 50/s on two nodes, from the call until its outcome is pushed, p50",
  ),
  "postgres-nodes": atLeast(
    "P15",
    "postgres",
    1.8,
    "×",
    "drain of a 20 ms handler with two worker nodes against one",
  ),
  "postgres-soak-accept": atMost(
    "P15",
    "postgres-soak",
    20,
    "%",
    "the store's CPU for each accept, growth from the first tenth of the jobs to the last",
  ),
  "postgres-soak-drain": atMost("P15", "postgres-soak", 20, "%", "the same for each claim and outcome"),
  "postgres-soak-rate": atMost("P15", "postgres-soak", 20, "%", "the same: the drain's rate lost"),
  "postgres-soak-size": atMost(
    "P15",
    "postgres-soak",
    20,
    "%",
    "the same: growth of the table that grew most, its indexes included",
  ),
  "draining-p99": atMost("P12", "main", 25, "ms", "accept while a full-speed drain runs, p99"),
} as const;

export type BoundName = keyof typeof bounds;
