// First sight of speed: an empty node:http answer, event-driven accept on SQLite, and the drain of what was accepted,
// next to each other in every round on the same machine, so that their ratios mean something when rates do not.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { chooseGenerator, type Generator } from "./generator.ts";
import { type Measured, ratio, type Sample, surroundings, table } from "./report.ts";
import { Server } from "./server.ts";

const GOAL = 0.25;
const DRAIN_LIMIT_MS = 120_000;

const { values: options } = parseArgs({
  options: {
    seconds: { type: "string", default: "4" },
    rounds: { type: "string", default: "3" },
    connections: { type: "string", default: "64" },
    json: { type: "boolean", default: false },
    /** A folder for CPU profiles of the product's server. */
    profile: { type: "string" },
  },
});
const seconds = whole("seconds", options.seconds);
const rounds = whole("rounds", options.rounds);
const connections = whole("connections", options.connections);
const token = randomBytes(24).toString("hex");
const say = (line: string): void => {
  if (!options.json) console.log(line);
};

function whole(name: string, text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new RangeError(`--${name} is "${text}". Use a whole number from 1 to 999.`);
}

/** One stretch of load on one server. */
async function load(
  server: Server,
  path: string,
  generator: Generator,
): Promise<Sample & { readonly replies: number }> {
  const before = await server.usage();
  const {
    replies,
    seconds: took,
    failures,
    p50Ms,
    p99Ms,
  } = await generator.run(`http://127.0.0.1:${server.port}${path}`, connections, seconds);
  const after = await server.usage();
  if (failures > 0 || replies === 0)
    throw new Error(`${path}: ${failures} calls of ${replies + failures} failed.`);
  return {
    replies,
    perSecond: replies / took,
    cpuMicros: (after.cpuMicros - before.cpuMicros) / replies,
    p50Ms,
    p99Ms,
  };
}

/** From the moment the pause ends to the last handler's; then waits until every outcome is on disk. */
async function drain(server: Server, atLeast: number): Promise<Sample> {
  const before = await server.usage();
  const started = Date.now();
  await pause(server, false);
  for (;;) {
    await sleep(50);
    const { queued, running, failed } = await figures(server);
    if (failed > 0) throw new Error(`${failed} jobs failed.`);
    if (queued + running === 0) break;
    if (Date.now() - started > DRAIN_LIMIT_MS) throw new Error(`${queued} jobs are still queued.`);
  }
  const after = await server.usage();
  await pause(server, true);
  const ran = after.ran - before.ran;
  // The generator cuts its connections at the end: what they had just sent may have been accepted unseen.
  if (ran < atLeast || ran > atLeast + connections)
    throw new Error(`${ran} jobs ran; ${atLeast} were accepted.`);
  return {
    perSecond: ran / ((after.lastRanAt - started) / 1_000),
    cpuMicros: (after.cpuMicros - before.cpuMicros) / ran,
  };
}

async function admin(server: Server, method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${server.port}/admin/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} /admin/${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

async function pause(server: Server, paused: boolean): Promise<void> {
  await admin(server, "PATCH", "operations/noop", { paused });
}

type Figures = {
  readonly name: string;
  readonly queued: number;
  readonly running: number;
  readonly failed: number;
};

async function figures(server: Server): Promise<Figures> {
  const { items } = (await admin(server, "GET", "operations")) as { readonly items: readonly Figures[] };
  const found = items.find(({ name }) => name === "noop");
  if (found === undefined) throw new Error("The server does not list the operation.");
  return found;
}

async function measure(empty: Server, product: Server, generator: Generator) {
  const floor: Sample[] = [];
  const accept: Sample[] = [];
  const drained: Sample[] = [];
  await pause(product, true);
  for (let round = 0; round <= rounds; round++) {
    say(round === 0 ? "warming up …" : `round ${round} of ${rounds} …`);
    const answered = await load(empty, "/operations/noop", generator);
    const accepted = await load(product, "/operations/noop", generator);
    const ran = await drain(product, accepted.replies);
    // The first round is thrown away: what it runs is still being compiled.
    if (round === 0) continue;
    floor.push(answered);
    accept.push(accepted);
    drained.push(ran);
  }
  return [
    { name: "empty node:http answer", samples: floor },
    { name: "event-driven accept (202)", samples: accept },
    { name: "drain of no-op jobs", samples: drained },
  ] as const satisfies readonly Measured[];
}

function verdict(name: string, reached: number): string {
  const word = reached >= GOAL ? "reached" : "NOT reached";
  return `${name}: ${reached.toFixed(2)} × the empty answer; the goal of ${GOAL} × is ${word}.`;
}

const folder = mkdtempSync(join(tmpdir(), "spillway-bench-"));
// Whatever ends this process: the servers end with it, and nothing of them stays behind.
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
process.once("SIGINT", () => process.exit(130)).once("SIGTERM", () => process.exit(143));
const servers: Server[] = [];
try {
  const generator = await chooseGenerator(folder);
  const around = surroundings(generator.name);
  say(`${around.machine}\nNode.js ${around.node}, SQLite ${around.sqlite}, commit ${around.commit}`);
  say(
    `${rounds} rounds of ${seconds} s at ${connections} connections by ${around.generator}, on the same cores as the server\n`,
  );
  const empty = await Server.start("empty-server.ts", [], {}, []);
  servers.push(empty);
  const profiling = options.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profile}`];
  const product = await Server.start(
    "app.ts",
    [join(folder, "data")],
    { SPILLWAY_ADMIN_TOKEN: token },
    profiling,
  );
  servers.push(product);
  const measured = await measure(empty, product, generator);
  const [floor, accept, drained] = measured;
  if (options.json) {
    const ratios = { accept: ratio(accept, floor), drain: ratio(drained, floor), goal: GOAL };
    console.log(JSON.stringify({ ...around, seconds, rounds, connections, measured, ratios }, null, 2));
  }
  say(`\n${table(measured, floor)}\n`);
  say(
    "Every 202 is on disk (SQLite, WAL, synchronous=FULL), and so is every outcome. Medians of the rounds; CPU is the server's.",
  );
  say(verdict("Accept", ratio(accept, floor)));
  say(verdict("Drain", ratio(drained, floor)));
} finally {
  for (const server of servers) await server.stop();
}
