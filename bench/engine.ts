// How fast the SQLite engine alone is: calls accepted, and whole cycles (accept, claim, settle), by the size of the
// groups that are committed at once. No HTTP, no handlers. Every commit is a finished fsync; two commits never
// overlap, as in the product. `node bench/engine.ts [seconds a measurement] [rows there beforehand] [sizes]`
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { sqlite } from "spillway/sqlite";

type Engine = Awaited<ReturnType<ReturnType<typeof sqlite>["open"]>>;
type Change = Parameters<Engine["commit"]>[0][number];
type Answer = Awaited<ReturnType<Engine["commit"]>>[number];

const seconds = Number(process.argv[2] ?? 2);
const depth = Number(process.argv[3] ?? 0);
const sizes = process.argv[4]?.split(",").map(Number) ?? [1, 16, 64, 1024];
const input = JSON.stringify({
  orderId: "o-00000000",
  customer: "Ada Lovelace",
  lines: [{ sku: "A-1", count: 2 }],
  note: "x".repeat(100),
});

const host = {
  clock: {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    after: () => ({ cancel() {} }),
    soon: (run: () => void) => void setImmediate(run),
  },
  random: { fraction: Math.random, hex: (bytes: number) => randomBytes(bytes).toString("hex") },
  onFatal(error: Error) {
    console.error(error);
    process.exit(1);
  },
};

let sequence = Date.now() * 1024;
const tail = "0123456789abcdef".repeat(2);

function open(operation: string): Change {
  sequence++;
  const id = sequence.toString(16).padStart(14, "0") + tail;
  const details = { origin: "http" };
  return {
    kind: "open",
    call: {
      id,
      sequence,
      operation,
      principal: "",
      input,
      inputVersion: 1,
      delayMs: 0,
      maxAttempts: 5,
      details,
      start: "queued",
    },
  };
}

const group = (size: number, operation: string) => Array.from({ length: size }, () => open(operation));

let claims = 0;

async function cycle(engine: Engine, size: number): Promise<void> {
  await engine.commit(group(size, "cycled"));
  const token = `claim-${++claims}`;
  const queues = [{ operation: "cycled", limit: size }];
  const [claimed] = await engine.commit([{ kind: "claim", queues, token, leaseMs: 30_000 }]);
  if (claimed?.kind !== "claimed" || claimed.claims.length !== size)
    throw new Error("The claim did not find its jobs.");
  must(await engine.commit(claimed.claims.map(({ lease }) => settle(lease))), "applied");
}

function settle(lease: { readonly id: string; readonly token: string }): Change {
  const attempt = { number: 1, startedAt: Date.now(), endedAt: Date.now(), node: "bench" };
  const verdict = { kind: "succeeded" as const, output: '{"ok":true}' };
  return { kind: "settle", settlement: { lease, verdict, attempt, reads: [], writes: [], sends: [] } };
}

function must(answers: readonly Answer[], kind: Answer["kind"]): void {
  for (const answer of answers)
    if (answer.kind !== kind) throw new Error(`${answer.kind} instead of ${kind}`);
}

/** Operations a second, and microseconds of this process's CPU (both threads) for each. */
async function measure(
  size: number,
  once: () => Promise<void>,
): Promise<{ rate: number; cpuMicros: number }> {
  const until = (end: number) => async () => {
    let done = 0;
    for (; performance.now() < end; done += size) await once();
    return done;
  };
  await until(performance.now() + seconds * 250)();
  const started = performance.now();
  const cpu = process.cpuUsage();
  const done = await until(started + seconds * 1_000)();
  const { user, system } = process.cpuUsage(cpu);
  return { rate: done / ((performance.now() - started) / 1_000), cpuMicros: (user + system) / done };
}

const folder = mkdtempSync(join(tmpdir(), "spillway-bench-"));
try {
  const engine = await sqlite(folder).open(host);
  for (let rows = 0; rows < depth; rows += 1_000)
    must(await engine.commit(group(1_000, "backlog")), "opened");
  console.log(
    `Node.js ${process.version}, SQLite ${process.versions["sqlite"]}, ${availableParallelism()} cores, ${input.length} B inputs, ${depth} rows beforehand`,
  );
  console.log("group   accepts/s   CPU µs   cycles/s   CPU µs");
  for (const size of sizes) {
    const accept = await measure(size, async () =>
      must(await engine.commit(group(size, "accepted")), "opened"),
    );
    const whole = await measure(size, () => cycle(engine, size));
    const cells = [accept, whole].map(
      ({ rate, cpuMicros }) => `${Math.round(rate)}`.padStart(9) + cpuMicros.toFixed(1).padStart(9),
    );
    console.log(`${String(size).padStart(5)}   ${cells.join("  ")}`);
  }
  await engine.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
