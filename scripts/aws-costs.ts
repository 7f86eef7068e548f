// docs/aws-costs.md: what a million operations cost on AWS by flow, summed up from the price table of the flow report.
import { basisOf } from "../src/lab/basis.ts";
import { type CostOptions, costOf } from "../src/lab/cost.ts";
import { PRICES } from "../src/lab/prices.ts";
import type { Way } from "../src/lab/report.ts";

/** A small order: one row written, nothing read, nothing sent. */
const SAMPLE = { inputBytes: 100, outputBytes: 200, written: [250], added: 0, read: [], sent: [] };
const TIMES_MS = [20, 200, 2_000];
const SUMMED_MS = 200;

type Line = {
  readonly title: string;
  readonly way: string;
  readonly options: CostOptions;
};

const LINES: readonly Line[] = [
  { title: "request", way: "request", options: {} },
  { title: "event, quiet: one message a batch", way: "event, one by one", options: {} },
  {
    title: "event, busy: batches of ten",
    way: "event, batches of 10 in parallel",
    options: {},
  },
  {
    title: "the same, and its end pushed",
    way: "event, batches of 10 in parallel, pushed",
    options: {},
  },
  {
    title: "the same, and polled once",
    way: "event, batches of 10 in parallel, polled once",
    options: {},
  },
  {
    title: "event, `direct`, batches of ten",
    way: "event, batches of 10 in parallel",
    options: { accept: "direct" },
  },
  { title: "spill, half at once, the rest polled once", way: "spill", options: { atOnceShare: 0.5 } },
];

export function awsCostsPage(made: string): string {
  return [
    "# What it costs on AWS",
    made,
    `A million operations, on demand, ${PRICES[0].region}, by the model of [the flow report](flow-report-costs.md), which measures an operation of yours and prices that; [a test](../test/aws/metered-costs.test.ts) holds it to what the functions really ask of AWS. Here it is a small one: a call of ${SAMPLE.inputBytes} bytes under a key, by nobody with a name, one row written, functions of 512 MiB, a handler that waits rather than computes.`,
    table(
      [
        "dollars a million, for a handler of",
        ...TIMES_MS.map((ms) => (ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`)),
      ],
      LINES.map((line) => [line.title, ...TIMES_MS.map((ms) => dollars(wayOf(line, ms).usdPerMillion))]),
    ),
    breakEven(),
    "## The sums",
    `Of the handler of ${SUMMED_MS} ms. Each part is a quantity and a price; DynamoDB writes a unit of 1 KiB, and two in a transaction, which an outcome with a row is.`,
    ...["request", "event, busy: batches of ten", "event, `direct`, batches of ten"].map(sums),
    "## What is not in it",
    "Whatever comes beside the calls: pollers that ask empty queues (about 650,000 requests a month for each queue and each dead-letter queue, $0.26), the sweep once a minute, alarms, logs (which can exceed all of the above), storage, point-in-time recovery, data transfer, held sockets ($0.25 a million minutes), cold starts, repeated attempts, refused calls. No free tier, no discounts by volume.",
    "## The prices",
    `Compared on ${PRICES[0].date} with what published guides quote from AWS's pages: before a decision, open the page.`,
    table(
      ["id", "dollars", "per", "source"],
      PRICES.map(({ id, usd, per, source }) => [`\`${id}\``, plain(usd), per, source]),
    ),
  ].join("\n\n");
}

function wayOf({ way, options }: Line, handlerMs: number): Way {
  const { ways } = costOf(basisOf(handlerMs, [SAMPLE]), options);
  const found = ways.find(({ name, flow }) => (way === "spill" ? flow === "spill" : name === way));
  if (found) return found;
  throw new Error(`No way is called "${way}"; there are ${ways.map(({ name }) => name).join("; ")}.`);
}

function breakEven(): string {
  const { breakEven } = costOf(basisOf(SUMMED_MS, [SAMPLE]));
  const of = (title: string) => {
    const line = LINES.find((one) => one.title === title);
    const ms = breakEven.find(({ way }) => way === line?.way)?.handlerMs;
    return ms === undefined || ms === null
      ? "never"
      : ms === 0
        ? "always"
        : `from ${ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`} on`;
  };
  const [busy, pushed, quiet] = [
    "event, busy: batches of ten",
    "the same, and its end pushed",
    "event, quiet: one message a batch",
  ].map(of);
  return `Event-driven is not cheaper in itself: what makes it so is that ten handlers wait in one function at the same time. Against request-response it is cheaper ${busy} where batches are full and nobody is told, ${pushed} where the end is pushed, and ${quiet} where messages come one by one. What it is bought for is that nothing is refused.`;
}

function sums(title: string): string {
  const line = LINES.find((one) => one.title === title);
  if (!line) throw new Error(`No line is called "${title}".`);
  const { parts, usdPerMillion } = wayOf(line, SUMMED_MS);
  const rows = parts.map(({ name, usd, how }) => [name, how, dollars(usd)]);
  return `**${line.title}**\n\n${table(["part", "how", "dollars"], [...rows, ["in all", "", `**${dollars(usdPerMillion)}**`]])}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

const dollars = (usd: number) => usd.toFixed(2);

/** 0.0000133334, and not 1.33334e-5. */
const plain = (usd: number) => usd.toFixed(10).replace(/\.?0+$/, "");
