// Notices between nodes: each name once, in payloads that PostgreSQL takes, and only what another node can use.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Answer, Change, NewCall } from "../../src/core/engine.ts";
import type { Job } from "../../src/core/job.ts";
import { Notices } from "../../src/engines/postgres/notices.ts";
import { CALL } from "../support/job-states.ts";

suite("notices between nodes", () => {
  test("a group is told at once, and what comes while it is being told goes out together after it", async () => {
    const { from, told, answered, heard } = pair();
    from.committed([OPEN], [opened({ id: "a" })]);
    assert.equal(told.length, 1, "without waiting for anything");
    from.committed([OPEN], [opened({ id: "b" })]);
    from.committed([OPEN, SETTLE], [opened({ id: "c" }), applied({ id: "d", status: "succeeded" })]);
    assert.equal(told.length, 1);
    await answered();
    assert.equal(told.length, 2);
    assert.deepEqual(heard, [
      "queue work",
      "principal ann",
      "queue work",
      "queue work",
      "receipt d",
      "principal ann",
    ]);
  });

  test("a job that is to wait is told with its time, the first of several", () => {
    const { from, heard } = pair();
    from.committed(
      [OPEN, OPEN, OPEN],
      [opened({ availableAt: 900 }), opened({ availableAt: 700 }), opened({})],
    );
    assert.deepEqual(heard.slice(0, 2), ["queue work", "queue work 700"]);
  });

  test("what this node claimed itself in the same group is not told as queued", () => {
    const claim: Change = {
      kind: "claim",
      queues: [{ operation: "work", limit: 5 }],
      token: "t",
      leaseMs: 1,
    };
    const claimed = (full: readonly string[]): Answer => ({ kind: "claimed", claims: [], full });
    const none = pair();
    none.from.committed([OPEN, OPEN, claim], [opened({}), opened({}), claimed([])]);
    assert.deepEqual(none.heard, ["principal ann"]);
    const some = pair();
    some.from.committed([OPEN, OPEN, claim], [opened({}), opened({}), claimed(["work"])]);
    assert.deepEqual(some.heard, ["queue work", "queue work", "principal ann"]);
  });

  test("a cancel of a running job and a setting reach whoever keeps house", () => {
    const { from, heard } = pair();
    const cancel: Change = { kind: "cancel", ref: { id: "a", principal: "ann" } };
    const setting = { scope: "operation", name: "work", paused: true, concurrency: null } as const;
    from.committed(
      [cancel, { kind: "set", setting }],
      [{ kind: "requested", job: job({ status: "running" }) }, { kind: "done" }],
    );
    assert.deepEqual(heard, ["control cancels", "control settings", "receipt a", "principal ann"]);
  });

  test("calls at once and the anonymous are nobody else's business", () => {
    const { from, told } = pair();
    from.committed(
      [SETTLE, OPEN],
      [applied({ listed: false, status: "succeeded" }), { kind: "refused", code: "internal", detail: "" }],
    );
    from.committed([SETTLE], [{ kind: "applied" }]);
    assert.deepEqual(told, []);
  });

  test("however many names there are, each payload is shorter than 8,000 bytes, and all of them arrive", () => {
    const { from, told, heard } = pair();
    const names = Array.from({ length: 2_000 }, (_, n) => `${'é\n\0"'.repeat(n % 9)}${n}`);
    from.committed(
      names.map(() => SETTLE),
      names.map((principal, n) => applied({ id: `id-${n}`, principal, status: "succeeded" })),
    );
    const payloads = told.flat();
    assert.ok(payloads.length > 5);
    for (const payload of payloads) assert.ok(Buffer.byteLength(payload) < 8_000);
    const expected = names.flatMap((principal, n) => [`receipt id-${n}`, `principal ${principal}`]);
    assert.deepEqual(heard.toSorted(), expected.toSorted());
  });

  test("a name that fits into no payload is left out, and harms none of the others", () => {
    const { from, heard } = pair();
    from.changed([
      job({ id: "a", status: "failed", principal: "x".repeat(9_000) }),
      job({ id: "b", status: "failed" }),
    ]);
    assert.deepEqual(heard, ["receipt a", "receipt b", "principal ann"]);
  });

  test("of a small group is told behind its commit, and once", async () => {
    const { from, told, answered, heard, tell } = pair();
    const changes = [call({}), success({ id: "b" })];
    from.foretell(changes, tell);
    assert.deepEqual(heard, ["queue work", "receipt b", "principal ann"]);
    from.committed(changes, [opened({}), applied({ id: "b", status: "succeeded" })]);
    await answered();
    assert.equal(told.length, 1);
  });

  test("what was foretold and not committed is told again when it is", async () => {
    const { from, heard, tell, answered } = pair();
    const changes = [success({ id: "b" })];
    from.foretell(changes, tell);
    from.takeBack(changes);
    await answered();
    from.committed(changes, [applied({ id: "b", status: "succeeded" })]);
    assert.deepEqual(heard, ["receipt b", "principal ann", "receipt b", "principal ann"]);
  });

  test("what could not be told behind its commit is told again in the ordinary way", async () => {
    const { from, heard } = pair();
    const changes = [success({ id: "b" })];
    from.foretell(changes, () => Promise.reject(new Error("no such statement here")));
    from.committed(changes, [applied({ id: "b", status: "succeeded" })]);
    assert.deepEqual(heard, []);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(heard, ["receipt b", "principal ann"]);
  });

  test("what else there is to tell does not wait for a commit that has others told behind it", () => {
    const { from, told, heard, tell } = pair();
    from.foretell([success({ id: "waits" })], tell);
    const next = success({ id: "b" });
    from.foretell([next], tell);
    assert.equal(told.length, 1);
    from.committed([next], [applied({ id: "b", status: "succeeded" })]);
    assert.deepEqual(heard, ["receipt waits", "principal ann", "receipt b", "principal ann"]);
  });

  test("nothing is foretold of a crowd, of what is due later, of calls at once, or beside another telling", async () => {
    const { from, told, tell, answered } = pair();
    from.foretell(
      Array.from({ length: 9 }, () => call({})),
      tell,
    );
    from.foretell([call({ delayMs: 5 }), call({ start: AT_ONCE }), success({ listed: false })], tell);
    assert.deepEqual(told, []);
    from.committed([OPEN], [opened({})]);
    const [change] = [call({})];
    from.foretell([change as Change], tell);
    assert.equal(told.length, 1);
    from.committed([change as Change], [opened({})]);
    await answered();
    assert.equal(told.length, 2);
  });

  test("a node hears nothing of what it told itself, nor of what is no notice", () => {
    const heard: string[] = [];
    const node = new Notices("one", (topic, name) => heard.push(`${topic} ${name}`));
    assert.equal(node.heard("one\nra"), false);
    // What names nobody is heard by nobody.
    assert.equal(node.heard("two\np{broken\nx\nq\nrb"), true);
    assert.deepEqual(
      heard.filter((line) => !line.endsWith(" ")),
      ["receipt b"],
    );
  });
});

const OPEN = { kind: "open" } as Change;
const AT_ONCE = { token: "t", leaseMs: 1, ifLost: "forget" } as const;
const SETTLE = { kind: "settle", settlement: { sends: [] as readonly unknown[] } } as Change;

const call = (more: Partial<NewCall>): Change => ({ kind: "open", call: { ...CALL, ...more } });
const success = (more: Partial<Job>): Change => ({
  kind: "settle",
  settlement: {
    lease: { id: more.id ?? "a", token: "t" },
    claimed: job({ ...more, status: "running" }),
    verdict: { kind: "succeeded", output: "{}" },
    reads: [],
    writes: [],
    sends: [],
  },
});

const opened = (more: Partial<Job>): Answer => ({ kind: "opened", job: job(more) });
const applied = (more: Partial<Job>): Answer => ({ kind: "applied", job: job({ revision: 3, ...more }) });

function job(more: Partial<Job>): Job {
  return {
    id: "a",
    operation: "work",
    principal: "ann",
    status: "queued",
    revision: more.status && more.status !== "queued" ? 3 : 1,
    attempt: 0,
    maxAttempts: 3,
    throttles: 0,
    acceptedAt: 100,
    updatedAt: 100,
    availableAt: 100,
    listed: true,
    cancelRequested: false,
    ...more,
  };
}

/** One node that tells and one that hears it at once; what was told is answered when the test says so. */
function pair() {
  const heard: string[] = [];
  const told: (readonly string[])[] = [];
  const waiting: (() => void)[] = [];
  const to = new Notices("two", (topic, name, dueAt) =>
    heard.push([topic, name, ...(dueAt === undefined ? [] : [dueAt])].join(" ")),
  );
  const from = new Notices("one", undefined);
  const tell = (payloads: readonly string[]) => {
    told.push(payloads);
    for (const payload of payloads) to.heard(payload);
    return new Promise<void>((resolve) => waiting.push(resolve));
  };
  from.tellBy(tell);
  const answered = async () => {
    for (const resolve of waiting.splice(0)) resolve();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { from, told, heard, tell, answered };
}
