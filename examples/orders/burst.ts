/**
 * The same calls to the three flows, one after another, and one table of what became of them. Beside a running
 * server, or by itself: then it starts one and ends it again.
 */
import { parseArgs } from "node:util";
import { type Burst, database, type Progress, Refused, runFlow } from "./burst-flow.ts";
import { type FlowResult, lost, seconds, sentences, table, whole } from "./burst-table.ts";
import { Client, NoAnswer } from "./client.ts";
import { type OwnServer, startOwnServer } from "./own-server.ts";

const USAGE = `npm run burst -- [--calls 2000] [--connections 200] [--url http://127.0.0.1:3000] [--own]

  --calls         how many calls each flow gets, up to 100000
  --connections   over so many connections at once, up to 1000
  --url           of a server that runs the orders example; without one there, the burst starts its own.
                  More than once for several gateways of one PostgreSQL, which are called in turn
  --own           start its own in any case
Sends SPILLWAY_ADMIN_TOKEN, if it is set, to reset the counters of the example's database.`;

const DEFAULT_URL = "http://127.0.0.1:3000";
const FLOWS = ["place-order-request", "place-order-event", "place-order"];

class UsageError extends Error {}

type Urls = Burst["urls"];

type Options = {
  readonly calls: number;
  readonly connections: number;
  /** Only where some were named. */
  readonly urls: Urls | undefined;
  readonly own: boolean;
};

/** Undefined where help is all that is wanted. */
function optionsOf(args: readonly string[]): Options | undefined {
  const { values } = parsed(args);
  if (values.help) return undefined;
  const [first, ...others] = values.url ?? [];
  if (values.own && first !== undefined)
    throw new UsageError("--own starts a server, and --url names one that runs. Use one of the two.");
  for (const url of values.url ?? []) {
    if (!/^http:\/\/[^/]+\/?$/.test(url))
      throw new UsageError(`--url is "${url}". Name a server as http://host:port.`);
  }
  return {
    calls: wholeNumber("--calls", values.calls, 100_000),
    connections: wholeNumber("--connections", values.connections, 1_000),
    urls: first === undefined ? undefined : [first, ...others],
    own: values.own,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        calls: { type: "string", default: "2000" },
        connections: { type: "string", default: "200" },
        url: { type: "string", multiple: true },
        own: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${USAGE}`);
  }
}

function wholeNumber(name: string, text: string, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= most) return value;
  throw new UsageError(`${name} is "${text}". Use a whole number from 1 to ${most}.`);
}

/** The server that was named or is there anyway; undefined when one of our own is needed. */
async function runningServer({ urls, own }: Options, token: string | undefined): Promise<Urls | undefined> {
  if (own) return undefined;
  const asked: Urls = urls ?? [DEFAULT_URL];
  const client = new Client(asked, 1, token);
  try {
    for (const _ of asked) await database(client, {});
    return asked;
  } catch (error) {
    if (error instanceof NoAnswer && error.code === "ECONNREFUSED") {
      if (urls === undefined) return undefined;
      throw new Refused(`${error.message}. Start the server there, or leave out --url.`);
    }
    throw error;
  } finally {
    client.close();
  }
}

async function burst(target: Burst): Promise<readonly FlowResult[]> {
  const results: FlowResult[] = [];
  for (const operation of FLOWS) {
    const line = new ProgressLine(operation, target.calls);
    const result = await runFlow(target, operation, (progress) => line.show(progress));
    line.end(result);
    results.push(result);
  }
  return results;
}

/** One line that is rewritten at a terminal; elsewhere one line for each flow, when it is over. */
class ProgressLine {
  readonly #operation: string;
  readonly #calls: number;
  readonly #rewrites = process.stdout.isTTY === true;
  #shownAt = 0;

  constructor(operation: string, calls: number) {
    this.#operation = operation;
    this.#calls = calls;
  }

  show({ replies, receipts, finals }: Progress): void {
    const now = performance.now();
    if (!this.#rewrites || now - this.#shownAt < 100) return;
    this.#shownAt = now;
    const kept = receipts > 0 ? `, ${whole(finals)} of ${whole(receipts)} receipts final` : "";
    this.#write(`${this.#operation}: ${whole(replies)} of ${whole(this.#calls)} calls replied to${kept}`);
  }

  end({ lastReplyMs, lastCompletionMs }: FlowResult): void {
    if (this.#rewrites) return this.#write("");
    const last = Math.max(lastReplyMs, lastCompletionMs);
    console.log(`${this.#operation}: ${whole(this.#calls)} calls, over after ${seconds(last)}`);
  }

  #write(text: string): void {
    process.stdout.write(`\r\u001b[K${text}`);
  }
}

async function main(): Promise<void> {
  const options = optionsOf(process.argv.slice(2));
  if (options === undefined) return console.log(USAGE);
  const token = process.env["SPILLWAY_ADMIN_TOKEN"] || undefined;
  const { calls, connections } = options;
  const running = await runningServer(options, token);
  let own: OwnServer | undefined;
  if (running === undefined) {
    own = await startOwnServer();
    const why = options.own ? "" : `Nothing answers at ${DEFAULT_URL}, so `;
    console.log(
      `${why}${why ? "a" : "A"} server was started for this: ${own.url} (process ${own.pid}, data in ${own.folder}).`,
    );
  }
  const urls: Urls = running ?? [own?.url ?? DEFAULT_URL];
  console.log(
    `${whole(calls)} calls at ${whole(connections)} connections to each flow of ${urls.join(" and ")}, one flow after another.`,
  );
  try {
    const results = await burst({ urls, token: own === undefined ? token : undefined, calls, connections });
    console.log(`\n${table(results)}\n\n${sentences(results)}`);
    if (results.some((result) => lost(result) > 0)) process.exitCode = 1;
  } catch (error) {
    if (process.stdout.isTTY) console.log();
    throw error instanceof NoAnswer ? new Refused(`A server went away: ${error.message}`) : error;
  } finally {
    await own?.stop();
  }
}

// So that a server of its own is ended as well.
process.once("SIGINT", () => process.exit(130)).once("SIGTERM", () => process.exit(143));

try {
  await main();
} catch (error) {
  const explained = error instanceof UsageError || error instanceof Refused || error instanceof NoAnswer;
  console.error(explained ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
