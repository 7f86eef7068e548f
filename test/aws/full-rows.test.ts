// Rows that hold as much as DynamoDB takes, and rows that cannot be written: neither may keep a job from its end, nor
// what stands beside it from its own.
import assert from "node:assert/strict";
import { before, suite, test } from "node:test";
import { type DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { ADMIN, type Claim, type Verdict } from "../../src/core/engine.ts";
import { problem } from "../../src/core/errors.ts";
import type { DeliveredEngine } from "../../src/engines/aws/index.ts";
import { jobKey, keyAttributes } from "../../src/engines/aws/keys.ts";
import { Queues } from "../../src/engines/aws/queues.ts";
import { TestClock } from "../support/test-clock.ts";
import type { Rule } from "./support/faults.ts";
import { LEASE_MS, Ledger, OPERATION } from "./support/jobs.ts";
import { begin, type Process } from "./support/processes.ts";
import { type Rig, rig, withoutMoto } from "./support/rig.ts";
import { whileRunning } from "./support/running.ts";

const ITEM_BYTES = 400 * 1024;
const EFFECT = { kind: "put", table: "totals", key: "k".repeat(500), value: "1" } as const;

suite("rows at their limits", { skip: withoutMoto }, () => {
  let on: Rig;
  before(async () => {
    on = await rig();
  });

  const ground = async (rule?: Rule) => {
    const store = await on.newStore([OPERATION]);
    const clock = new TestClock();
    const start = { seed: 1, ...(rule && { rule }) };
    const sqs = on.sqs(() => clock.now());
    const queues = new Queues(() => sqs, store.queues, clock);
    return {
      store,
      clock,
      asks: await begin("asking", { on, store, clock }, start, new Ledger()),
      handed: await begin("handed", { on, store, clock }, { ...start, seed: 2 }, new Ledger()),
      fill: (id: string) => fill(on.dynamodb(), store.table, id),
      receive: () => queues.receive(OPERATION, 10),
    };
  };
  const accepted = async (process: Process, more = {}) => {
    const id = await process.accept("plain", more);
    assert.ok(id);
    return id;
  };
  const claimed = async ({ engine, caller }: Process, limit = 1): Promise<readonly Claim[]> => {
    const queues = [{ operation: OPERATION, limit }];
    const [answer] = await engine.commit([
      { kind: "claim", queues, token: caller.token(), leaseMs: LEASE_MS },
    ]);
    return answer?.kind === "claimed" ? answer.claims : [];
  };
  const settled = async (
    { engine, place }: Process,
    { lease, job }: Claim,
    verdict: Verdict,
    writes = [] as (typeof EFFECT)[],
  ) => {
    const at = place.clock.now();
    const attempt = { number: job.attempt, startedAt: at, endedAt: at, node: "a node" };
    const settlement = { lease, claimed: job, verdict, attempt, reads: [], writes, sends: [] };
    const [answer] = await engine.commit([{ kind: "settle", settlement }]);
    assert.equal(answer?.kind, "applied", JSON.stringify(answer));
  };
  const recordOf = async ({ engine }: Process, id: string) =>
    (await engine.find([{ id, principal: ADMIN }]))[0];
  const again: Verdict = {
    kind: "queued",
    delayMs: 0,
    error: problem("handler-failed", "Not now."),
    spent: true,
  };
  const done: Verdict = { kind: "succeeded", output: "null" };

  test("a job whose row is full is claimed, tried again and ended, and forgets its oldest attempts", async () => {
    const { store, asks, fill } = await ground();
    const id = await accepted(asks);
    await fill(id);
    const [first] = await claimed(asks);
    assert.ok(first, "claimed");
    await fill(id);
    await settled(asks, first, again);
    await fill(id);
    const [second] = await claimed(asks);
    assert.ok(second, "claimed again");
    await fill(id);
    await settled(asks, second, done, [EFFECT]);
    const record = await recordOf(asks, id);
    assert.equal(record?.status, "succeeded");
    assert.deepEqual(
      record?.attempts.map(({ number }) => number),
      [2],
    );
    assert.equal((await asks.engine.read([EFFECT]))[0]?.value, "1");
    await store.remove();
  });

  test("a full row whose process died is taken back, by the sweep and by its message", async () => {
    const { store, clock, asks, handed, fill, receive } = await ground();
    const one = await accepted(asks);
    await claimed(asks);
    await fill(one);
    clock.advance(LEASE_MS + 1);
    const { rescued } = await asks.engine.sweep(10);
    assert.deepEqual(
      rescued.map(({ id }) => id),
      [one],
    );
    const other = await accepted(handed);
    const { deliver } = delivering(handed);
    await deliver(await receive());
    await fill(other);
    clock.advance(LEASE_MS + 10_000);
    await deliver(await receive());
    assert.equal((await recordOf(handed, other))?.attempts.at(-1)?.error?.code, "handler-failed");
    await store.remove();
  });

  test("a row that cannot be written keeps the sweep from no other, and from nothing that is due", async () => {
    let stuck = "";
    const rule: Rule = ({ name, input }) =>
      stuck !== "" && name === "UpdateItem" && JSON.stringify(input).includes(stuck)
        ? "throttled"
        : undefined;
    const { store, clock, asks, handed, receive } = await ground(rule);
    const ids = await Promise.all([accepted(asks), accepted(asks), accepted(asks)]);
    assert.equal((await claimed(asks, 3)).length, 3);
    const parked = await accepted(asks, { delayMs: 1_000 });
    clock.advance(LEASE_MS + 1);
    stuck = ids[0];
    const { rescued } = await whileRunning(clock, handed.engine.sweep(10));
    assert.deepEqual(rescued.map(({ id }) => id).sort(), ids.slice(1).sort());
    clock.advance(1_000);
    assert.ok((await receive()).some(({ body }) => body.includes(parked)));
    await store.remove();
  });
});

const delivering = ({ engine }: Process) => ({
  deliver: (messages: Parameters<DeliveredEngine["deliver"]>[0]) =>
    (engine as DeliveredEngine).deliver(messages, LEASE_MS),
});

/** Gives a row so long a list of attempts that nothing more goes in. */
async function fill(client: DynamoDBClient, table: string, id: string): Promise<void> {
  for (let bytes = ITEM_BYTES; bytes > 0; bytes -= 16) {
    const attempt = { number: 0, startedAt: 0, endedAt: 0, node: "x".repeat(bytes) };
    const command = new UpdateItemCommand({
      TableName: table,
      Key: keyAttributes(jobKey(id)),
      UpdateExpression: "SET #as = :as",
      ExpressionAttributeNames: { "#as": "as" },
      ExpressionAttributeValues: { ":as": { L: [{ S: JSON.stringify(attempt) }] } },
    });
    try {
      await client.send(command);
      return;
    } catch {
      // Too long, still.
    }
  }
}
