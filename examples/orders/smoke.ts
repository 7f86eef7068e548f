/** Checks a deployment of the orders example from outside, wherever it runs: a line for each check, then a count. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { member } from "./client.ts";
import { CHECKS } from "./smoke/checks.ts";
import { type Check, Run, Skipped } from "./smoke/judging.ts";
import { type Addresses, Site } from "./smoke/site.ts";

const USAGE = `npm run smoke -- [--url URL | --outputs FILE] [--socket URL] [--events URL] [--direct URL] [--only TEXT]

Sends calls in every flow to a deployment of examples/orders and follows each to its end: some two hundred calls, and
as many orders left behind. Ends with 1 if one of its checks failed.

  --url       where it answers; by default http://127.0.0.1:3000
  --outputs   a file of a CloudFormation stack's outputs, which names all of these:
              aws cloudformation describe-stacks --stack-name NAME --query 'Stacks[0].Outputs' > outputs.json
  --socket    its socket; by default the path /socket at its URL
  --events    its event streams; by default at its URL
  --direct    its operations that API Gateway queues by itself; by default there are none
  --calls     calls at once where many are sent; 40 by default
  --patience  seconds that anything may take; 120 by default
  --only      only the checks with this in their name, such as "socket"

SPILLWAY_ADMIN_TOKEN in the environment lets it look at dead letters, redrive and cancel.`;

class UsageError extends Error {}

/** The outputs of the template that `spillway synth` makes. */
const OUTPUTS = { url: "HttpUrl", socket: "SocketUrl", events: "EventsUrl", direct: "DirectUrl" } as const;

type Options = { readonly site: Site; readonly run: Run; readonly checks: readonly Check[] };

/** Undefined where help is all that is wanted. */
function optionsOf(args: readonly string[]): Options | undefined {
  const values = parsed(args);
  if (values.help) return undefined;
  const given = values.outputs === undefined ? {} : outputsIn(values.outputs);
  const calls = numberOf("calls", values.calls, 1_000);
  const patience = numberOf("patience", values.patience, 3_600);
  const token = process.env["SPILLWAY_ADMIN_TOKEN"] || undefined;
  return {
    site: new Site(addressesOf({ ...given, ...values }), token, patience * 1_000),
    run: new Run(calls),
    checks: chosen(values.only),
  };
}

function chosen(text: string | undefined): readonly Check[] {
  const checks = CHECKS.filter(({ name }) => name.includes(text ?? ""));
  if (checks.length > 0) return checks;
  const names = CHECKS.map(({ name }) => `\n  ${name}`).join("");
  throw new UsageError(`--only is "${text}", and no check has that in its name. There are:${names}`);
}

type Given = Partial<Record<keyof typeof OUTPUTS, string>>;

function addressesOf({ url = "http://127.0.0.1:3000", socket, events, direct }: Given): Addresses {
  const http = addressOf("url", url, ["http:", "https:"]);
  return {
    http,
    socket: addressOf("socket", socket ?? `${http.replace(/^http/, "ws")}/socket`, ["ws:", "wss:"]),
    events: addressOf("events", events ?? http, ["http:", "https:"]),
    direct: direct === undefined ? undefined : addressOf("direct", direct, ["http:", "https:"]),
  };
}

function addressOf(name: string, url: string, protocols: readonly string[]): string {
  if (!URL.canParse(url) || !protocols.includes(new URL(url).protocol))
    throw new UsageError(`--${name} is "${url}"; give a URL such as ${protocols[0]}//host.\n\n${USAGE}`);
  return url.replace(/\/$/, "");
}

function outputsIn(file: string): Given {
  let outputs: unknown;
  try {
    outputs = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`);
  }
  const list = Array.isArray(outputs) ? outputs : [];
  const found = Object.entries(OUTPUTS).flatMap(([name, key]) => {
    const value = member(
      list.find((one) => member(one, "OutputKey") === key),
      "OutputValue",
    );
    return typeof value === "string" ? [[name, value]] : [];
  });
  if (found.length > 0) return Object.fromEntries(found) as Given;
  throw new UsageError(
    `${file} names none of ${Object.values(OUTPUTS).join(", ")}. It is made by:\n\n${USAGE}`,
  );
}

function numberOf(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new UsageError(`--${name} is "${text}"; give a whole number from 1 to ${most}.`);
}

function parsed(args: readonly string[]) {
  const text = { type: "string" } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...{ url: text, outputs: text, socket: text, events: text, direct: text },
        calls: { ...text, default: "40" },
        only: text,
        patience: { ...text, default: "120" },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${USAGE}`);
  }
}

async function carriedOut(
  { name, run: check }: Check,
  { site, run }: Options,
): Promise<"held" | "skipped" | "failed"> {
  const started = performance.now();
  const time = () => `${((performance.now() - started) / 1_000).toFixed(1)} s`;
  try {
    const told = await check(site, run);
    const isSkipped = told instanceof Skipped;
    console.log(isSkipped ? `– ${name}: ${told.why}` : `✔ ${name} (${time()}): ${told}`);
    return isSkipped ? "skipped" : "held";
  } catch (error) {
    // What an assertion adds below its message, the message says already.
    console.log(`✖ ${name} (${time()}): ${(error as Error).message.split("\n")[0]}`);
    return "failed";
  }
}

async function main(): Promise<void> {
  const options = optionsOf(process.argv.slice(2));
  if (options === undefined) return console.log(USAGE);
  const { http, socket } = options.site.addresses;
  console.log(`${http}, its socket at ${socket}`);
  const counts = { held: 0, skipped: 0, failed: 0 };
  for (const check of options.checks) counts[await carriedOut(check, options)]++;
  console.log(`${counts.held} held, ${counts.skipped} skipped, ${counts.failed} failed`);
  if (counts.failed > 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
