/** A schema is the app's own code: it may ask elsewhere, wait for ever or break, at the door and again before a job runs. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Change, EngineSource } from "../../src/core/engine.ts";
import { operation, type SpecOptions } from "../../src/core/operation.ts";
import type { Schema } from "../../src/core/schema.ts";
import { memory } from "../../src/engines/memory/index.ts";
import { committing } from "../support/altered-engine.ts";
import { World } from "../support/small-world.ts";

type Validate = Schema<unknown, unknown>["~standard"]["validate"];

const schemaOf = (validate: Validate): Schema<unknown, unknown> => ({
  "~standard": { version: 1, vendor: "test", validate },
});
const valid: Validate = (value) => ({ value });
/** One for the door, the next for the job's attempts. */
const inTurn = (...turns: readonly [Validate, ...Validate[]]): Validate => {
  let turn = 0;
  return (value) => (turns[turn++] ?? (turns.at(-1) as Validate))(value);
};
const never: Validate = () => new Promise(() => {});
const breaking: Validate = () => {
  throw new Error("a schema with a mistake in it");
};
const rejecting: Validate = () => Promise.reject(new Error("the list of customers cannot be reached"));
const refusing: Validate = () => ({ issues: [{ message: "no longer sold", path: ["sku"] }] });

/** With `upgrade`, what is queued counts as queued by an earlier version of the operation. */
async function worldWith(validate: Validate, more: Pick<SpecOptions<Schema, undefined>, "upgrade"> = {}) {
  const ran: unknown[] = [];
  const handler = (input: unknown) => void ran.push(input);
  const base = { input: schemaOf(validate), timeout: "1s", limits: { concurrency: 1 } } as const;
  const job = operation(
    { ...base, ...more, name: "job", flow: "event", version: 2, retry: { maxAttempts: 2 } },
    handler,
  );
  const ask = operation({ ...base, name: "ask", flow: "request" }, handler);
  return {
    ran,
    world: await World.start({ operations: [job, ask] }, more.upgrade ? queuingAs(1) : undefined),
  };
}

/** The memory engine, which is told that every input is of this version. */
function queuingAs(inputVersion: number): EngineSource {
  const older = (change: Change) =>
    change.kind === "open" ? { ...change, call: { ...change.call, inputVersion } } : change;
  return committing(memory(), (changes, commit) => commit(changes.map(older)));
}

async function accepted(world: World): Promise<unknown> {
  const { status, body } = await world.call("job", { sku: "lamp" });
  assert.equal(status, 202);
  return body["id"];
}

const codeOf = (receipt: { readonly [member: string]: unknown }) =>
  (receipt["error"] as { readonly code: string } | undefined)?.code;

describe("the input schema of a job", () => {
  test("that never answers is cut off by the attempt's timeout, and frees the slot after the grace", async () => {
    const { world } = await worldWith(inTurn(valid, never, never, valid));
    const id = await accepted(world);
    const receipt = await world.receiptAfter(1_000, id);
    assert.deepEqual([receipt["status"], codeOf(receipt)], ["queued", "handler-timeout"]);
    const last = await world.receiptAfter(100_000, id);
    assert.deepEqual([last["status"], codeOf(last)], ["failed", "handler-timeout"]);
    assert.equal((await world.receiptAfter(1_000, await accepted(world)))["status"], "succeeded");
  });

  test("that never answers does not keep a server from stopping", async () => {
    const { world } = await worldWith(inTurn(valid, never));
    await accepted(world);
    await world.clock.run(10);
    const stopped = world.app.finishWork(500);
    await world.clock.run(500);
    await stopped;
  });

  test("that answers after the timeout begins no handler", async () => {
    const slow = Promise.withResolvers<{ value: unknown }>();
    const { world, ran } = await worldWith(inTurn(valid, () => slow.promise, refusing));
    const id = await accepted(world);
    await world.clock.run(1_000);
    slow.resolve({ value: "late" });
    assert.equal(codeOf(await world.receiptAfter(100_000, id)), "invalid-input");
    assert.deepEqual(ran, []);
  });

  test("that answers after the job was cancelled begins no handler", async () => {
    const slow = Promise.withResolvers<{ value: unknown }>();
    const { world, ran } = await worldWith(inTurn(valid, () => slow.promise));
    const id = await accepted(world);
    await world.clock.run(10);
    assert.equal((await world.ask("DELETE", `/receipts/${id}`)).status, 202);
    slow.resolve({ value: "late" });
    assert.equal((await world.receiptAfter(10, id))["status"], "cancelled");
    assert.deepEqual(ran, []);
  });

  for (const [how, broken] of [
    ["throws", breaking],
    ["rejects", rejecting],
  ] as const) {
    test(`that ${how} fails the attempt as a handler would: it is told, and tried again`, async () => {
      const { world, ran } = await worldWith(inTurn(valid, broken, valid));
      const id = await accepted(world);
      const receipt = await world.receiptAfter(1, id);
      assert.deepEqual([receipt["status"], codeOf(receipt)], ["queued", "handler-failed"]);
      assert.equal(world.errors.length, 1);
      assert.equal((await world.receiptAfter(100_000, id))["status"], "succeeded");
      assert.equal(ran.length, 1);
    });
  }

  test("that refuses what it took before ends the job for good, and says where", async () => {
    const { world, ran } = await worldWith(inTurn(valid, refusing));
    const receipt = await world.receiptAfter(100, await accepted(world));
    const { code, errors } = receipt["error"] as { readonly code: string; readonly errors: unknown };
    assert.deepEqual([receipt["status"], receipt["attempt"], code], ["failed", 1, "invalid-input"]);
    assert.deepEqual(errors, [{ pointer: "/sku", detail: "no longer sold" }]);
    assert.deepEqual(ran, []);
  });

  test("sees what the operation's upgrade made of an older input", async () => {
    const { world, ran } = await worldWith(valid, {
      upgrade: (input, from) => ({ ...(input as object), was: from }),
    });
    const receipt = await world.receiptAfter(1, await accepted(world));
    assert.equal(receipt["status"], "succeeded");
    assert.deepEqual(ran, [{ sku: "lamp", was: 1 }]);
  });

  test("waits for an upgrade that takes its time", async () => {
    const { world, ran } = await worldWith(valid, {
      upgrade: async (input) => ({ ...(input as object), was: await Promise.resolve("small") }),
    });
    const receipt = await world.receiptAfter(1, await accepted(world));
    assert.equal(receipt["status"], "succeeded");
    assert.deepEqual(ran, [{ sku: "lamp", was: "small" }]);
  });

  const noSize = new Error("no such size");
  for (const [how, upgrade] of [
    [
      "which throws",
      () => {
        throw noSize;
      },
    ],
    ["which rejects", () => Promise.reject(noSize)],
  ] as const) {
    test(`is not asked about an older input that cannot be upgraded, ${how}: that ends the job for good`, async () => {
      const { world, ran } = await worldWith(inTurn(valid, never), { upgrade });
      const receipt = await world.receiptAfter(1, await accepted(world));
      assert.deepEqual([receipt["status"], codeOf(receipt)], ["failed", "invalid-input"]);
      assert.deepEqual(ran, []);
      assert.deepEqual(world.errors, [noSize]);
    });
  }
});

describe("the input schema of a call", () => {
  test("may answer with anything that can be awaited", async () => {
    const lazily: Validate = (value) => {
      // biome-ignore lint/suspicious/noThenProperty: a query builder that is awaited looks like this.
      const lazy = { then: (resolve: (result: unknown) => void) => setImmediate(() => resolve({ value })) };
      return lazy as never;
    };
    const { world, ran } = await worldWith(lazily);
    assert.equal((await world.call("ask", 1)).status, 200);
    assert.equal((await world.receiptAfter(100, await accepted(world)))["status"], "succeeded");
    assert.deepEqual(ran, [1, { sku: "lamp" }]);
  });

  test("that never answers is a 504 after the operation's timeout", async () => {
    const { world } = await worldWith(never);
    const answer = world.call("ask", 1);
    await world.clock.run(1_000);
    const { status, body } = await answer;
    assert.deepEqual([status, body["code"]], [504, "handler-timeout"]);
  });
});
