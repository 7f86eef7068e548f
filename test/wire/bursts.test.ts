// docs/wire.md §1 and §8 under load: bursts of 5,000 calls at 200 connections, judged by what clients were told and by
// the database's own count.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { answered } from "./support/judge.ts";
import { type Fates, type Flow, type Order, Orders } from "./support/orders.ts";
import { SECOND } from "./support/wait.ts";

const CALLS = 5_000;
const everything: readonly Flow[] = ["place-order", "place-order-request", "place-order-event"];

const shop = await Orders.start({ ORDERS_DB_LATENCY_MS: "2" });
after(() => shop.stop());

/** The orders of these fates, all told: answered at once, or made by a job since. */
async function everyOrder({ orders, receipts }: Fates): Promise<readonly Order[]> {
  const ended = await shop.settled(receipts);
  for (const { id, status } of ended) assert.equal(status, "succeeded", id);
  return [...orders, ...ended.map(({ output }) => output as Order)];
}

async function writtenOnce(orders: readonly Order[]): Promise<void> {
  await shop.allThere(orders);
  const { writes, peak, capacity, throttled, inUse } = await shop.database();
  assert.equal(writes, orders.length, "the database wrote what was acknowledged, each once");
  assert.ok(peak <= capacity, `${peak} of ${capacity} connections`);
  assert.deepEqual([throttled, inUse], [0, 0]);
}

suite("a burst of 5,000 calls at 200 connections", () => {
  test("§1 to place-order-event is accepted whole, and each order is made once", async () => {
    await shop.database({ reset: true });
    const fates = await shop.burst(["place-order-event"], CALLS);
    assert.deepEqual([fates.orders.length, fates.receipts.length, fates.refusals], [0, CALLS, []]);
    assert.equal(new Set(fates.receipts).size, CALLS);
    await writtenOnce(await everyOrder(fates));
  });

  test("§1 to place-order-request is partly refused as saturated, and nothing is half-written", async () => {
    await shop.database({ reset: true });
    const { orders, receipts, refusals } = await shop.burst(["place-order-request"], CALLS);
    assert.equal(receipts.length, 0);
    assert.ok(orders.length > 0 && refusals.length > 0, `${orders.length} made, ${refusals.length} refused`);
    assert.deepEqual([...new Set(refusals)], ["saturated"]);
    await writtenOnce(orders);
  });

  test("§1 to place-order has none refused, and each order is made once", async () => {
    await shop.database({ reset: true });
    const fates = await shop.burst(["place-order"], CALLS);
    assert.deepEqual(fates.refusals, []);
    assert.ok(fates.orders.length > 0 && fates.receipts.length > 0);
    await writtenOnce(await everyOrder(fates));
  });

  test("§1 to all three at once never takes more connections than there are, and loses no order", async () => {
    await shop.database({ reset: true });
    const fates = await shop.burst(everything, CALLS);
    assert.deepEqual([...new Set(fates.refusals)], ["saturated"]);
    assert.ok(fates.refusals.length <= CALLS / 3, "only requests are refused");
    await writtenOnce(await everyOrder(fates));
  });
});

suite("a database that fails one order in five, with free slots", { concurrency: 2 }, () => {
  const failing = (flow: Flow) => async () => {
    const other = await Orders.start({
      ORDERS_FAIL_RATE: "0.2",
      ORDERS_DB_CONCURRENCY: "200",
      ORDERS_DB_LATENCY_MS: "5",
    });
    try {
      const fates = await other.burst([flow], 1_000, 50);
      const ended = await other.settled(fates.receipts, 60 * SECOND);
      return { fates, ended, writes: (await other.database()).writes };
    } finally {
      await other.stop();
    }
  };

  test("§1 fails about one request in five", async () => {
    const { fates, writes } = await failing("place-order-request")();
    assert.deepEqual([...new Set(fates.refusals)], ["handler-failed"]);
    const share = fates.refusals.length / 1_000;
    assert.ok(share > 0.14 && share < 0.26, `${share}`);
    assert.equal(fates.orders.length + fates.refusals.length, 1_000);
    assert.equal(writes, fates.orders.length);
  });

  test("§1 fails no spill call: it is answered, or made good by a job", async () => {
    const { fates, ended, writes } = await failing("place-order")();
    assert.deepEqual(fates.refusals, []);
    const share = fates.receipts.length / 1_000;
    assert.ok(share > 0.14 && share < 0.26, `${share}`);
    const failed = ended.filter(({ status }) => status !== "succeeded");
    assert.ok(failed.length <= 3, `${failed.length} of ${ended.length} jobs failed five times in a row`);
    assert.equal(writes, fates.orders.length + ended.length - failed.length);
  });
});

test("§1 a 200 is there after the process was killed right behind it", async () => {
  const first = await Orders.start();
  const order = answered<Order>(await first.place("place-order"));
  first.server.signal("SIGKILL");
  await first.server.exited;
  const second = await Orders.start({}, { folder: first.server.folder });
  try {
    assert.deepEqual(answered<Order>(await second.get(order.orderId)), order);
  } finally {
    await second.stop();
    await first.stop();
  }
});
