import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Committer } from "../../src/core/committer.ts";
import type { Answer, Change, Engine, EngineLimits } from "../../src/core/engine.ts";
import { LocalNotifier } from "../../src/core/notifier.ts";
import { TestClock } from "../support/test-clock.ts";

type Audit = Extract<Change, { kind: "audit" }>;
type Open = Extract<Change, { kind: "open" }>;

const audit = (target: string): Audit => ({
  kind: "audit",
  entry: { at: 0, by: "test", action: "test", target, detail: "{}" },
});
const open = (input: string): Open => ({
  kind: "open",
  call: {
    id: input,
    sequence: 1,
    operation: "a",
    principal: "",
    input,
    inputVersion: 1,
    delayMs: 0,
    maxAttempts: 1,
    details: { origin: "test" },
    start: "queued",
  },
});
const claim: Change = { kind: "claim", queues: [], token: "t", leaseMs: 1 };

/** Groups as they leave, each answered when the test says so. */
function world(
  commit?: (changes: readonly Change[]) => Promise<readonly Answer[]>,
  limits: Pick<EngineLimits, "groupsInFlight" | "gathers"> = { groupsInFlight: 1 },
) {
  const groups: (readonly Change[])[] = [];
  const held: (() => void)[] = [];
  const later = (changes: readonly Change[]) =>
    new Promise<readonly Answer[]>((resolve) =>
      held.push(() => resolve(changes.map(() => ({ kind: "done" }) as const))),
    );
  const engine = {
    limits,
    commit: (changes: readonly Change[]) => {
      groups.push(changes);
      return (commit ?? later)(changes);
    },
  } as unknown as Engine;
  const clock = new TestClock();
  return { committer: new Committer(engine, clock, new LocalNotifier()), groups, held, clock };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const kinds = (group: readonly Change[] | undefined) => group?.map(({ kind }) => kind);

describe("the committer", () => {
  test("a lone change leaves at once, and what comes meanwhile is the next group", async () => {
    const { committer, groups, held } = world();
    const first = committer.submit(audit("1"));
    await turn();
    const others = ["2", "3", "4"].map((target) => committer.submit(audit(target)));
    await turn();
    assert.deepEqual(
      groups.map(({ length }) => length),
      [1],
    );
    held.shift()?.();
    await first;
    assert.deepEqual(
      groups.map(({ length }) => length),
      [1, 3],
    );
    held.shift()?.();
    await Promise.all(others);
    await committer.drained();
  });

  test("settlements go before opens and leave them half of a group; claims are never left behind", async () => {
    const { committer, groups, held } = world();
    void committer.submit(audit("first"));
    await turn();
    for (let i = 0; i < 3_000; i++) void committer.submit(audit(String(i)));
    for (let i = 0; i < 3_000; i++) void committer.submit(open(String(i)));
    void committer.submit(claim);
    held.shift()?.();
    await turn();
    const group = kinds(groups[1]) ?? [];
    assert.equal(group.filter((kind) => kind === "audit").length, 512);
    assert.equal(group.filter((kind) => kind === "open").length, 512);
    assert.equal(group.at(-1), "claim");
  });

  test("few settlements go with few opens and in the three groups after, in which others may come; then all that fit", async () => {
    const { committer, groups, held } = world();
    void committer.submit(audit("first"));
    await turn();
    for (let i = 0; i < 1_000; i++) void committer.submit(audit(String(i)));
    void committer.submit(open("1"));
    held.shift()?.();
    await turn();
    assert.equal(groups[1]?.length, 65);
    assert.equal(kinds(groups[1])?.at(-1), "open");
    for (let more = 0; more < 4; more++) {
      held.shift()?.();
      await turn();
    }
    assert.deepEqual(
      groups.slice(2).map(({ length }) => length),
      [64, 64, 64, 1_000 - 4 * 64],
    );
  });

  test("large opens do not keep a claim out of the group either", async () => {
    const { committer, groups, held } = world();
    void committer.submit(audit("first"));
    await turn();
    for (let i = 0; i < 100; i++) void committer.submit(open("x".repeat(200_000)));
    void committer.submit(claim);
    held.shift()?.();
    await turn();
    assert.ok((groups[1]?.length ?? 0) < 50);
    assert.equal(kinds(groups[1])?.at(-1), "claim");
  });

  test("answers a change that was put exactly once, in the order of the group", async () => {
    const { committer, held } = world();
    const answered: string[] = [];
    for (const target of ["1", "2", "3"]) {
      committer.put(audit(target), ({ kind }) => answered.push(`${target} ${kind}`));
    }
    await turn();
    assert.deepEqual(answered, []);
    held.shift()?.();
    await turn();
    assert.deepEqual(answered, ["1 done", "2 done", "3 done"]);
  });

  test("is congested when too much waits, or waits too long, and not before", async () => {
    const { committer, clock } = world();
    void committer.submit(audit("first"));
    await turn();
    void committer.submit(open("1"));
    assert.equal(committer.congested, false);
    clock.advance(2_001);
    assert.equal(committer.congested, true);
  });

  test("refuses what waits when nothing was heard of a group for 5 s, and is congested until it is", async () => {
    const { committer, groups, held, clock } = world();
    const answered: string[] = [];
    committer.put(audit("lost"), ({ kind }) => answered.push(`lost ${kind}`));
    await turn();
    clock.advance(3_000);
    committer.put(open("1"), (answer) =>
      answered.push(answer.kind === "refused" ? answer.code : answer.kind),
    );
    clock.advance(1_999);
    assert.deepEqual(answered, []);
    clock.advance(1);
    await turn();
    assert.deepEqual(answered, ["storage-unavailable"]);
    assert.equal(committer.congested, true);
    held.shift()?.();
    await turn();
    assert.deepEqual(answered, ["storage-unavailable", "lost done"]);
    assert.equal(committer.congested, false);
    assert.equal(groups.length, 1);
    await committer.drained();
  });

  test("hears first what is at hand where the process itself stood still for 5 s", async () => {
    const { committer, groups, held, clock } = world();
    // As in Node: what has arrived is heard before it.
    clock.soon = (run) => void setImmediate(run);
    const answered: string[] = [];
    committer.put(audit("1"), ({ kind }) => answered.push(kind));
    await turn();
    committer.put(audit("2"), ({ kind }) => answered.push(kind));
    held.shift()?.();
    clock.advance(5_000);
    await turn();
    held.shift()?.();
    await committer.drained();
    assert.deepEqual([answered, groups.length], [["done", "done"], 2]);
  });

  test("keeps what waits as long as groups come back", async () => {
    const { committer, groups, held, clock } = world();
    const answered: string[] = [];
    for (let i = 0; i < 4_000; i++) committer.put(audit(String(i)), ({ kind }) => answered.push(kind));
    await turn();
    for (let group = 0; group < 4; group++) {
      clock.advance(4_000);
      held.shift()?.();
      await turn();
    }
    assert.equal(groups.length, 4);
    assert.ok(answered.length === 4_000 && answered.every((kind) => kind === "done"));
  });

  describe("of a store that gathers", () => {
    const gathering = () => world(undefined, { groupsInFlight: 2, gathers: true });

    test("calls of one turn of the loop leave together, and a few do not leave beside many", async () => {
      const { committer, groups, held } = gathering();
      for (let i = 0; i < 10; i++) void Promise.resolve().then(() => committer.submit(open(String(i))));
      await turn();
      await turn();
      for (let i = 0; i < 4; i++) void committer.submit(open(`few${i}`));
      await turn();
      assert.deepEqual(
        groups.map(({ length }) => length),
        [10],
      );
      void committer.submit(open("one more"));
      await turn();
      assert.deepEqual(
        groups.map(({ length }) => length),
        [10, 5],
      );
      void committer.submit(open("late"));
      held.shift()?.();
      await turn();
      assert.equal(groups.length, 2);
      held.shift()?.();
      await turn();
      assert.deepEqual(
        groups.map(({ length }) => length),
        [10, 5, 1],
      );
    });

    test("claims wait for nobody, and nothing waits long for a group that does not come back", async () => {
      const { committer, groups, clock } = gathering();
      for (let i = 0; i < 10; i++) void committer.submit(open(String(i)));
      await turn();
      void committer.submit(open("few"));
      await turn();
      assert.equal(groups.length, 1);
      clock.advance(25);
      await turn();
      assert.equal(groups.length, 2);
      const other = gathering();
      for (let i = 0; i < 10; i++) void other.committer.submit(open(String(i)));
      await turn();
      void other.committer.submit(claim);
      await turn();
      assert.deepEqual(kinds(other.groups[1]), ["claim"]);
    });
  });

  test("a change that cannot even be begun is refused alone", async () => {
    const { committer } = world(async (changes) => {
      if (changes.some((change) => change.kind === "audit" && change.entry.target === "bad"))
        throw new Error("no");
      return changes.map(() => ({ kind: "done" }));
    });
    const answers = await Promise.all(["1", "bad", "2"].map((target) => committer.submit(audit(target))));
    assert.deepEqual(
      answers.map(({ kind }) => kind),
      ["done", "refused", "done"],
    );
  });
});
