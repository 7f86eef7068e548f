// What the bench may be asked, and its help. Pure.
import { parseArgs } from "node:util";
import { isProductRow, type ProductRow, productRows } from "./measure/main-rows.ts";

export type Kind =
  | "main"
  | "against"
  | "goals"
  | "peers"
  | "soak"
  | "console"
  | "cold"
  | "postgres"
  | "postgres-soak";

export type Options = {
  readonly kind: Kind;
  readonly seconds: number;
  readonly rounds: number;
  readonly connections: number;
  readonly rows: readonly ProductRow[];
  readonly against: string | undefined;
  readonly soakMinutes: number;
  /** Of the soak on PostgreSQL. */
  readonly soakJobs: number;
  readonly json: boolean;
  readonly markdown: boolean;
  readonly save: boolean;
  readonly profile: string | undefined;
};

export const help = `npm run bench -- [what] [how] [output]

What is measured (one of them):
  (nothing)          the main table in about two minutes: Fastify and node:http that store nothing, and Spillway
                     accepting, with keys, running, writing, draining, in batches; the goals reached and missed
  --against COMMIT   the same rows of another commit (or of the clone in a folder) interleaved with this tree's,
                     with ratios: how a change is measured
  --goals            what does not fit into two minutes: 200,000 jobs drained, a backlog of 1,000,000, latency at
                     50 calls a second, memory
  --peers            BullMQ, pg-boss, graphile-worker and Restate, interleaved with Spillway; installs them first
  --postgres         Spillway on PostgreSQL beside pg-boss and graphile-worker on the same, interleaved: accept, drain,
                     50 calls a second across two processes; and a worker node added to another
  --postgres-soak N  so many jobs, such as 5000000, through one schema of PostgreSQL, and what drifts
  --console          five open consoles beside 1,000,000 jobs, and every list against the same with 1,000
  --cold             a function on AWS: how large its bundle is, and how long it takes to load beside AWS's clients
  --soak DURATION    load for so long (10m, 90s) at 60% of the peak, and what drifts

How:
  --seconds N        of each stretch of load (3)
  --rounds N         that count, after one that does not (3)
  --connections N    at once (64)
  --only ROWS        of the main table: ${Object.keys(productRows).join(",")}
  --profile FOLDER   CPU profiles of the server, into a folder

Output:
  --json             all samples, the machine, the versions; bench/results/README.md describes it
  --markdown         tables in Markdown
  --save             also into bench/results/

Every 202 is on disk. CPU is the server's, its store's included. The load generator runs on the same cores, so rates
are a machine's and a moment's: trust the ratios, which are of the same round.`;

const NEXT = "`npm run bench -- --help` lists the options.";

/** Undefined: help was asked for. */
export function parse(args: readonly string[]): Options | undefined {
  const values = read(args);
  if (values.help) return undefined;
  const asked = (
    ["against", "goals", "peers", "soak", "console", "cold", "postgres", "postgres-soak"] as const
  ).filter((name) => values[name] !== undefined);
  if (asked.length > 1)
    throw new RangeError(`--${asked.join(" and --")} are two runs. Start one after the other.`);
  if (values.json && values.markdown)
    throw new RangeError("--json and --markdown are two outputs. Choose one.");
  return {
    kind: asked[0] ?? "main",
    seconds: whole("seconds", values.seconds, 600),
    rounds: whole("rounds", values.rounds, 100),
    connections: whole("connections", values.connections, 1_000),
    rows: rowsOf(values.only),
    against: values.against,
    soakMinutes: minutes(values.soak ?? "10m"),
    soakJobs: whole("postgres-soak", values["postgres-soak"] ?? "5000000", 100_000_000),
    json: values.json,
    markdown: values.markdown,
    save: values.save,
    profile: values.profile,
  };
}

function read(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: "boolean", short: "h", default: false },
        against: { type: "string" },
        goals: { type: "boolean" },
        peers: { type: "boolean" },
        console: { type: "boolean" },
        cold: { type: "boolean" },
        soak: { type: "string" },
        postgres: { type: "boolean" },
        "postgres-soak": { type: "string" },
        seconds: { type: "string", default: "3" },
        rounds: { type: "string", default: "3" },
        connections: { type: "string", default: "64" },
        only: { type: "string" },
        profile: { type: "string" },
        json: { type: "boolean", default: false },
        markdown: { type: "boolean", default: false },
        save: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new RangeError(`${(error as Error).message.split(". To specify")[0]}. ${NEXT}`);
  }
}

function whole(name: string, text: string, most: number): number {
  if (/^[1-9]\d*$/.test(text) && Number(text) <= most) return Number(text);
  throw new RangeError(`--${name} is "${text}". Use a whole number from 1 to ${most}.`);
}

function minutes(text: string): number {
  const [, amount = "", unit] = /^([1-9]\d{0,3})(s|m)$/.exec(text) ?? [];
  if (unit === undefined) throw new RangeError(`--soak is "${text}". Use a duration such as 10m or 90s.`);
  return Number(amount) / (unit === "s" ? 60 : 1);
}

function rowsOf(text: string | undefined): readonly ProductRow[] {
  if (text === undefined) return Object.keys(productRows) as ProductRow[];
  const names = text.split(",");
  const unknown = names.find((name) => !isProductRow(name));
  if (unknown !== undefined)
    throw new RangeError(`--only names "${unknown}". The rows are ${Object.keys(productRows).join(", ")}.`);
  return names.filter(isProductRow);
}
