/** Attempts against a store that conflicts, refuses or waits, through the door of a whole app. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Answer, Change, EngineSource } from "../../src/core/engine.ts";
import { operation, spec } from "../../src/core/operation.ts";
import { table } from "../../src/core/table.ts";
import { memory } from "../../src/engines/memory/index.ts";
import { committing } from "../support/altered-engine.ts";
import { anything } from "../support/schemas.ts";
import { World } from "../support/small-world.ts";

type Row = { readonly key: string; readonly n: number };
const rows = table<Row>("rows", { schema: anything as never, key: "key" });

/** The memory engine, with every settlement, or what else is named, answered by the test first, if it has an answer. */
function answering(
  first: (change: Change) => Answer | Promise<Answer> | undefined,
  kind: Change["kind"] = "settle",
): EngineSource {
  return committing(memory(), async (changes, commit) => {
    const answers: Answer[] = [];
    for (const change of changes) {
      const own = change.kind === kind ? await first(change) : undefined;
      answers.push(own ?? ((await commit([change]))[0] as Answer));
    }
    return answers;
  });
}

const CONFLICT: Answer = { kind: "conflict", reads: [{ table: "rows", key: "a" }], conditions: [] };
const limits = { concurrency: 1 };

function counting(flow: "request" | "event") {
  const runs = { begun: 0 };
  const count = operation(
    { name: "count", input: anything, flow, limits, timeout: "1s" },
    async (_input, { read, write }) => {
      runs.begun++;
      const found = await read(rows).get("a");
      write(rows).put({ key: "a", n: (found?.value.n ?? 0) + 1 });
      return null;
    },
  );
  return { runs, count };
}

describe("an attempt whose reads have changed", () => {
  test("runs again at once, three times at the most, then a request is saturated", async () => {
    const { runs, count } = counting("request");
    const world = await World.start(
      { operations: [count] },
      answering(() => CONFLICT),
    );
    const { status, body } = await world.call("count", 1);
    assert.deepEqual([status, body["code"], runs.begun], [503, "saturated", 4]);
  });

  test("gives its slot back, however it ends", async () => {
    const { count } = counting("request");
    let conflicts = true;
    const world = await World.start(
      { operations: [count] },
      answering(() => (conflicts ? CONFLICT : undefined)),
    );
    await world.call("count", 1);
    conflicts = false;
    assert.equal((await world.call("count", 1)).status, 200);
    assert.equal((await world.call("count", 1)).status, 200);
  });

  test("is not begun again when its time ran out at the commit", async () => {
    const { runs, count } = counting("request");
    const slow = Promise.withResolvers<Answer>();
    const world = await World.start(
      { operations: [count] },
      answering(() => slow.promise),
    );
    const answer = world.call("count", 1);
    await world.clock.run(1_100);
    slow.resolve(CONFLICT);
    assert.equal((await answer).status, 504);
    assert.equal(runs.begun, 1);
  });

  test("is not made a job any more once its second run waits for its commit, and so runs no third time", async () => {
    let runs = 0;
    const again = operation(
      { name: "again", input: anything, flow: "spill", limits, timeout: "60s" },
      (_input, { read, write }) => {
        runs++;
        const put = () => write(rows).put({ key: "a", n: runs });
        // The second run has what it needs and is done at once.
        return runs === 1 ? read(rows).get("a").then(put) : put();
      },
    );
    const slow = Promise.withResolvers<Answer>();
    let settlements = 0;
    const world = await World.start(
      { operations: [again] },
      answering(() => (settlements++ === 0 ? slow.promise : undefined)),
    );
    const answer = world.call("again", 1, { prefer: "wait=1" });
    await world.clock.run(1_100);
    slow.resolve(CONFLICT);
    assert.equal((await answer).status, 200);
    await world.clock.run(100_000);
    assert.equal(runs, 2);
  });
});

const FULL: Answer = { kind: "refused", code: "storage-unavailable", detail: "The disk is full." };

describe("a store that has no room for an outcome", () => {
  test("is offered a job's outcome again, without running its handler again", async () => {
    const { runs, count } = counting("event");
    let full = true;
    const world = await World.start(
      { operations: [count] },
      answering(() => (full ? FULL : undefined)),
    );
    const { body } = await world.call("count", 1);
    await world.clock.run(10_000);
    full = false;
    assert.equal((await world.receiptAfter(1_000, body["id"]))["status"], "succeeded");
    assert.equal(runs.begun, 1);
    assert.equal(world.errors.length, 1);
  });

  test("answers a request 503, and frees its key as soon as there is room", async () => {
    const { count } = counting("request");
    let full = true;
    const world = await World.start(
      { operations: [count] },
      answering(() => (full ? FULL : undefined)),
    );
    const key = { "idempotency-key": "k" };
    assert.equal((await world.call("count", 1, key)).body["code"], "storage-unavailable");
    full = false;
    await world.clock.run(1_000);
    assert.equal((await world.call("count", 1, key)).status, 200);
  });
});

describe("what becomes of calls is counted", () => {
  async function totals(world: World, name: string) {
    const { body } = await world.ask("GET", `/admin/operations/${name}`);
    return body["totals"] as { readonly [what: string]: number };
  }

  test("as accepted where one goes on as a job, since it got a receipt", async () => {
    const slow = Promise.withResolvers<null>();
    const world = await World.start({
      operations: [operation({ name: "slow", input: anything, limits }, () => slow.promise)],
    });
    const answer = world.call("slow", 1, { prefer: "wait=1" });
    await world.clock.run(1_100);
    assert.equal((await answer).status, 202);
    const { accepted, answered, refused } = await totals(world, "slow");
    assert.deepEqual([accepted, answered, refused], [1, 0, 0]);
  });

  test("as refused where the store takes nothing on", async () => {
    const { count } = counting("event");
    const world = await World.start(
      { operations: [count] },
      answering(() => FULL, "open"),
    );
    assert.equal((await world.call("count", 1)).status, 503);
    const { accepted, answered, refused } = await totals(world, "count");
    assert.deepEqual([accepted, answered, refused], [0, 0, 1]);
  });

  test("as accepted where a handler sends it, once that is committed", async () => {
    const told = spec({ name: "told", input: anything, flow: "event", access: "internal", limits });
    const tell = operation({ name: "tell", input: anything, flow: "request", limits }, (times, { send }) => {
      for (let n = 0; n < Number(times); n++) send(told, n);
      if (times === 1) throw new Error("so nothing is sent");
      return null;
    });
    const world = await World.start({ operations: [tell, operation(told, () => null)] });
    await world.call("tell", 3);
    await world.call("tell", 1);
    await world.clock.run(1_000);
    const { accepted, succeeded } = await totals(world, "told");
    assert.deepEqual({ accepted, succeeded }, { accepted: 3, succeeded: 3 });
  });
});
