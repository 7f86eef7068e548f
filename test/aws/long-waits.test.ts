// Messages that their queue has deleted, since they waited there for longer than it keeps any: their jobs are told of
// again, and no others.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { ADMIN } from "../../src/core/engine.ts";
import type { DeliveredEngine } from "../../src/engines/aws/index.ts";
import { LIST_SHARDS, shardOf } from "../../src/engines/aws/keys.ts";
import { LONG_MS, WINDOW_MS } from "../../src/engines/aws/long-waits.ts";
import { type Message, noticeIn } from "../../src/engines/aws/message.ts";
import { Queues } from "../../src/engines/aws/queues.ts";
import { KEPT_S } from "../../src/synth/template/queues.ts";
import { TestClock } from "../support/test-clock.ts";
import { LEASE_MS, Ledger, OPERATION } from "./support/jobs.ts";
import { begin, type Place, type Process, type Way } from "./support/processes.ts";
import { type Rig, rig, type Store, withoutMoto } from "./support/rig.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

test("a job is told of again before its queue may have deleted the message", () => {
  assert.ok(LONG_MS + WINDOW_MS < KEPT_S * 1_000);
});

suite("a job that has waited for longer than its queue keeps messages", { skip: withoutMoto }, () => {
  let on: Rig;
  const stores: Store[] = [];
  before(async () => {
    on = await rig();
  });
  after(async () => {
    for (const store of stores) await store.remove();
  });

  const ground = async () => {
    const store = await on.newStore([OPERATION]);
    stores.push(store);
    const clock = new TestClock();
    const place: Place = { on, store, clock };
    const sqs = on.sqs(() => clock.now());
    const queues = new Queues(() => sqs, store.queues, clock);
    return {
      clock,
      begin: (way: Way, seed = 1) => begin(way, place, { seed }, new Ledger()),
      /** Of which jobs there are messages; there are none of them afterwards. */
      async drained() {
        const ids: (string | undefined)[] = [];
        for (;;) {
          const found = await queues.receive(OPERATION, 100);
          if (found.length === 0) return ids.sort();
          ids.push(...found.map(({ body }) => noticeIn(body)?.id));
          await queues.delete(found);
        }
      },
    };
  };
  const accepted = async (process: Process, more = {}) => {
    const id = await process.accept("plain", more);
    assert.ok(id);
    return id;
  };
  /** As often as there may be more to be seen. */
  const sweep = async ({ engine }: Process) => {
    for (let round = 0; round < 4; round++) await engine.sweep(100);
  };
  const statusOf = async ({ engine }: Process, id: string) =>
    (await engine.find([{ id, principal: ADMIN }]))[0]?.status;
  const delivered = async ({ engine }: Process, id: string) => {
    const [first] = await (engine as DeliveredEngine).deliver([messageOf(id)], LEASE_MS);
    assert.equal(first?.kind, "claimed");
  };

  for (const way of ["asking", "handed"] as const) {
    test(`has another message, and is run (${way})`, async () => {
      const { clock, begin, drained } = await ground();
      const process = await begin(way);
      const id = await accepted(process);
      assert.deepEqual(await drained(), [id]);
      clock.advance(LONG_MS + HOUR_MS);
      await sweep(process);
      await process.work();
      assert.equal(await statusOf(process, id), "succeeded");
    });

    test(`has another again, as often as that is lost as well (${way})`, async () => {
      const { clock, begin, drained } = await ground();
      const process = await begin(way);
      const id = await accepted(process);
      await drained();
      clock.advance(MINUTE_MS);
      for (const times of [1, 2, 3, 4]) {
        clock.advance(LONG_MS);
        await sweep(process);
        assert.deepEqual(await drained(), [id], `${times} times as long`);
      }
      await sweep(process);
      assert.deepEqual(await drained(), [], "once an hour");
      clock.advance(HOUR_MS);
      await sweep(process);
      assert.deepEqual(await drained(), [id], "for some hours");
      clock.advance(WINDOW_MS);
      await sweep(process);
      assert.deepEqual(await drained(), [], "and not for ever");
    });

    test(`is found among many, sweep by sweep (${way})`, async () => {
      const { clock, begin, drained } = await ground();
      const process = await begin(way);
      const ids = idsOfOneShard(60);
      for (const id of ids) await accepted(process, { id });
      await drained();
      clock.advance(LONG_MS + MINUTE_MS);
      await process.engine.sweep(100);
      const first = await drained();
      assert.ok(first.length > 0 && first.length < ids.length, `${first.length} of ${ids.length}`);
      for (let round = 0; round < 6; round++) await process.engine.sweep(100);
      assert.deepEqual([...first, ...(await drained())].sort(), [...ids].sort());
    });
  }

  test("is told from those that are younger, parked, over, or in somebody's hands", async () => {
    const { clock, begin, drained } = await ground();
    const process = await begin("handed");
    const over = await accepted(process);
    const running = await accepted(process);
    const left = await accepted(process);
    await accepted(process, { delayMs: 30 * 24 * HOUR_MS });
    await process.cancel(over);
    const waiting = await accepted(process);
    await drained();
    clock.advance(MINUTE_MS);
    await delivered(process, left);
    clock.advance(LONG_MS);
    await delivered(process, running);
    await accepted(process);
    await drained();
    await sweep(process);
    assert.deepEqual(await drained(), [left, waiting].sort());
  });
});

/** In one partition of the list. */
function idsOfOneShard(many: number): readonly string[] {
  const ids: string[] = [];
  for (let number = 0; ids.length < many; number++) {
    if (shardOf(`call-${number}`, LIST_SHARDS) === 0) ids.push(`call-${number}`);
  }
  return ids;
}

function messageOf(id: string): Message {
  const body = JSON.stringify({ spillway: 1, id, operation: OPERATION });
  return { messageId: id, body, receiptHandle: id, receiveCount: 1, queueUrl: "none", attributes: {} };
}
