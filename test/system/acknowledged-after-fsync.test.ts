/**
 * Every 202 on the wire comes after the fsync that covers its own job, seen from below with strace: the receipt's id
 * must stand in a write to the log that had ended, and after which an fsync of the log had begun and ended, before the
 * answer was written to the socket. That some fsync came before some answer would prove nothing.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { suite, type TestContext, test } from "node:test";
import type { Client } from "../faults/client.ts";
import type { Receipt } from "../faults/ledger.ts";
import { newFolder, Server } from "../faults/server.ts";

const CALLS = 40;
const SYSTEM_CALLS = "fsync,fdatasync,pwrite64,write,writev,sendto";

const required = process.env["SPILLWAY_REQUIRE"]?.split(",").includes("strace");
const works = spawnSync("strace", ["-f", "-o", "/dev/null", "true"]).status === 0;
const skip =
  required || works ? false : "needs strace and the right to trace; SPILLWAY_REQUIRE=strace insists on it";

suite("seen from below,", { skip }, () => {
  test("every 202 comes after a finished fsync of its own job", async (t) => {
    const { proofs, seen } = await watch(t, {});
    assert.equal(proofs.length, CALLS);
    assertDurable(proofs, seen);
  });

  test("so does every receipt of a batch, and every 200 after the outcome that it tells", async (t) => {
    const { proofs, seen } = await watch(t, {}, async (client, tag) => {
      const input = { tag, worth: 1 };
      const body = JSON.stringify([input, input]);
      const batch = await client.ask({ method: "POST", path: "/operations/tally-event/batch", body });
      assert.ok(batch.kind === "answer" && batch.status === 202);
      const items = (batch.body as Receipt[]).map(({ id }) => id);
      const once = await client.post("/operations/tally-spill", input, { "idempotency-key": tag });
      assert.ok(once.kind === "answer" && (once.status === 200 || once.status === 202));
      if (once.status === 202) return [...items, (once.body as Receipt).id];
      // Its id alone was written when it began; with its name it stands only in the output.
      return [...items, String.raw`\"runId\":\"${(once.body as { runId: string }).runId}`];
    });
    assert.equal(proofs.length, CALLS * 3);
    assert.ok(
      proofs.some((proof) => proof.includes("runId")),
      "some were answered at once",
    );
    assertDurable(proofs, seen);
  });

  test("a server that answers before it commits is caught", async (t) => {
    const { proofs, seen } = await watch(t, { LEDGER_PLANTED: "acknowledge-early" });
    assert.equal(proofs.length, CALLS);
    assert.deepEqual(
      proofs.filter((id) => seen.get(id) !== "too early"),
      [],
    );
  });
});

function assertDurable(proofs: readonly string[], seen: ReadonlyMap<string, Acknowledged>): void {
  for (const proof of proofs)
    assert.equal(seen.get(proof), "durable", `${proof} is ${seen.get(proof) ?? "not in the trace"}`);
}

type Acknowledged = "durable" | "too early";

async function oneEvent(client: Client, tag: string): Promise<readonly string[]> {
  const heard = await client.post("/operations/tally-event", { tag, worth: 1 });
  assert.ok(heard.kind === "answer" && heard.status === 202);
  return [(heard.body as Receipt).id];
}

/** Calls one after another: for each a text that acknowledges it, and whether that was on disk when it was sent. */
async function watch(t: TestContext, environment: Readonly<Record<string, string>>, call = oneEvent) {
  const folder = newFolder(t);
  const log = `${folder}.strace`;
  const under = ["strace", "-f", "-y", "-s", "9000", "-e", `trace=${SYSTEM_CALLS}`, "-o", log];
  const server = new Server(folder, { environment, under });
  t.after(() => server.kill());
  const client = await server.client(1);
  t.after(() => client.close());
  const proofs: string[] = [];
  for (let number = 0; number < CALLS; number++) proofs.push(...(await call(client, `call-${number}`)));
  await server.kill();
  return { proofs, seen: acknowledgedIn(readFileSync(log, "utf8"), proofs) };
}

/** Reads the trace in its order. A call that others interrupt has two lines, its beginning and its end. */
function acknowledgedIn(trace: string, proofs: readonly string[]): ReadonlyMap<string, Acknowledged> {
  const seen = new Map<string, Acknowledged>();
  const writtenAt = new Map<string, number>();
  const begun = new Map<string, { readonly text: string; readonly at: number }>();
  /** The beginning of the last fsync of the log that has succeeded: what was written before it is durable. */
  let syncedFrom = -1;
  for (const [at, line] of trace.split("\n").entries()) {
    const [, thread = "", rest = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const isEnd = rest.startsWith("<...");
    const call = isEnd ? begun.get(thread) : { text: rest, at };
    if (!call) continue;
    if (!isEnd && isAnswer(call.text)) {
      for (const id of foundIn(call.text, proofs)) {
        if (!seen.has(id)) seen.set(id, (writtenAt.get(id) ?? at) < syncedFrom ? "durable" : "too early");
      }
    }
    if (rest.endsWith("<unfinished ...>")) begun.set(thread, call);
    else if (/^pwrite64\(\d+<[^>]*-wal>/.test(call.text)) {
      for (const id of foundIn(call.text, proofs)) if (!writtenAt.has(id)) writtenAt.set(id, at);
    } else if (/^f(?:data)?sync\(\d+<[^>]*-wal>/.test(call.text) && / = 0$/.test(rest)) syncedFrom = call.at;
  }
  return seen;
}

function isAnswer(text: string): boolean {
  return /^(?:write|writev|sendto)\(\d+<(?:socket|TCP)/.test(text) && /HTTP\/1\.1 20[02]/.test(text);
}

function foundIn(text: string, proofs: readonly string[]): readonly string[] {
  return proofs.filter((proof) => text.includes(proof));
}
