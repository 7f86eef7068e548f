// docs/wire.md §8: the operations of the orders example.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { unless } from "./support/deployment.ts";
import { accepted, answered, finalReceipt, type Problem, type Receipt, refused } from "./support/judge.ts";
import { type Flow, type Order, Orders } from "./support/orders.ts";
import { SECOND, times, until, within } from "./support/wait.ts";

const shop = await Orders.start();
const { client, server } = shop;
after(() => shop.stop());

const PER_PROCESS = "the example's database is one of each process, and functions are many";
const TOO_MUCH = "a burst is more than an emulated table keeps up with";
const NO_ADDRESS = "a function knows no address to send calls to";
const SPLIT = "the limit is split between calls at once and the queue (docs/wire.md §9)";

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const flows: readonly Flow[] = ["place-order", "place-order-request", "place-order-event"];

type Jobs = { readonly items: readonly (Receipt & { readonly input: unknown })[] };

async function jobsOf(operation: string): Promise<Jobs["items"]> {
  return answered<Jobs>(await server.admin.get(`/admin/jobs?operation=${operation}&limit=500`)).items;
}

suite("§8 orders", () => {
  test("§8 place-order, by its name and by POST /orders, answers the order", async () => {
    for (const path of ["/operations/place-order", "/orders"]) {
      const order = answered<Order>(await client.post(path, { sku: "lamp", quantity: 2 }));
      assert.deepEqual(Object.keys(order), ["orderId", "sku", "quantity", "placedAt"]);
      assert.deepEqual([order.sku, order.quantity], ["lamp", 2]);
      assert.match(order.placedAt, TIME);
      assert.deepEqual(answered<Order>(await shop.get(order.orderId)), order);
    }
  });

  test("§1 the route of its own behaves the same: Prefer, keys, methods", async () => {
    accepted(await client.post("/orders", { sku: "lamp", quantity: 1 }, { prefer: "respond-async" }));
    const key = { "idempotency-key": "one-key-for-both-paths" };
    const first = answered<Order>(await client.post("/orders", { sku: "lamp", quantity: 1 }, key));
    const again = await client.call("place-order", { sku: "lamp", quantity: 1 }, key);
    assert.deepEqual(answered<Order>(again), first);
    assert.equal(again.headers["idempotency-replayed"], "true");
    const got = await client.get("/orders");
    refused(got, 405, "method-not-allowed");
    assert.match(got.headers.allow ?? "", /\bPOST\b/);
  });

  test("§8 a customer is kept and given back", async () => {
    const input = { sku: "lamp", quantity: 1, customer: "Ünï <b>" };
    const { orderId } = answered<Order>(await shop.place("place-order-request", input));
    assert.equal(answered<Order>(await shop.get(orderId)).customer, input.customer);
  });

  test("§8 place-order-event hands out a receipt, and the order is there when it has succeeded", async () => {
    const { id } = accepted(await shop.place("place-order-event"));
    const { output } = await finalReceipt(client, id);
    const order = output as Order;
    assert.deepEqual(answered<Order>(await shop.get(order.orderId)), order);
  });

  test("§8 each of the three sends send-confirmation, once", async () => {
    const known = new Set((await jobsOf("send-confirmation")).map(({ id }) => id));
    const orders = new Set<string>();
    for (const flow of flows) {
      const answer = await shop.place(flow, { sku: "lamp", quantity: 1 }, { prefer: "wait=10" });
      orders.add(answered<Order>(answer).orderId);
    }
    const sent = await until("three confirmations were sent", async () => {
      const found = (await jobsOf("send-confirmation")).filter(
        (job) => !known.has(job.id) && orders.has((job.input as Order).orderId) && job.status === "succeeded",
      );
      return found.length >= 3 && found;
    });
    assert.equal(sent.length, 3);
  });

  test("§8 send-confirmation cannot be called from outside", async () => {
    for (const path of ["/operations/send-confirmation", "/operations/send-confirmation/batch"]) {
      refused(await client.post(path, { orderId: "x" }), 404, "unknown-operation");
      refused(await server.admin.post(path, { orderId: "x" }), 404, "unknown-operation");
    }
  });

  test("§8 get-order of an unknown order is 404 unknown-order", async () => {
    refused(await shop.get("no-such-order"), 404, "unknown-order");
  });

  test("§8 inputs are held to their bounds, each at its pointer", async () => {
    const bad: readonly (readonly [unknown, string])[] = [
      [{ sku: "", quantity: 1 }, "/sku"],
      [{ sku: "x".repeat(65), quantity: 1 }, "/sku"],
      [{ quantity: 1 }, "/sku"],
      [{ sku: 7, quantity: 1 }, "/sku"],
      [{ sku: "lamp", quantity: 0 }, "/quantity"],
      [{ sku: "lamp", quantity: 1_001 }, "/quantity"],
      [{ sku: "lamp", quantity: 1.5 }, "/quantity"],
      [{ sku: "lamp", quantity: "1" }, "/quantity"],
      [{ sku: "lamp", quantity: 1, customer: "x".repeat(201) }, "/customer"],
      [{ sku: "lamp", quantity: 1, customer: null }, "/customer"],
    ];
    for (const [input, pointer] of bad) {
      for (const flow of flows) {
        const { errors } = refused(await shop.place(flow, input), 422, "invalid-input");
        assert.deepEqual(
          errors?.map((error) => error.pointer),
          [pointer],
        );
      }
    }
    for (const input of [
      { sku: "x", quantity: 1 },
      { sku: "x".repeat(64), quantity: 1_000, customer: "x".repeat(200) },
    ]) {
      answered(await shop.place("place-order", input));
    }
  });
});

suite("§8 the database", () => {
  test("§8 is an operation of administrators", async () => {
    refused(await client.call("database", {}), 401, "unauthenticated");
    refused(await server.admin.call("database", { sizes: 1 }), 422, "invalid-input");
  });

  test("§8 tells its state, changes its settings, and answers the state after", async () => {
    const before = await shop.database();
    assert.deepEqual(Object.keys(before).toSorted(), [
      ...["capacity", "failRate", "inUse", "latencyMs", "peak", "throttled", "writes"],
    ]);
    assert.deepEqual([before.capacity, before.latencyMs, before.failRate, before.inUse], [10, 20, 0, 0]);
    const changed = await shop.database({ capacity: 3, latencyMs: 1 });
    assert.deepEqual([changed.capacity, changed.latencyMs, changed.failRate], [3, 1, 0]);
    await shop.database({ capacity: 10, latencyMs: 20 });
  });

  test("§8 reset sets its counts anew and keeps its settings", async () => {
    await shop.database({ latencyMs: 5 });
    answered(await shop.place("place-order"));
    assert.ok((await shop.database()).writes > 0);
    const { latencyMs, throttled, writes, peak, inUse } = await shop.database({ reset: true });
    assert.deepEqual([latencyMs, throttled, writes, peak], [5, 0, 0, inUse]);
    await shop.database({ latencyMs: 20 });
  });

  test(
    "§6, §8 a database that throttles: request answers 503 saturated, spill 202, event waits",
    unless({ functions: PER_PROCESS }),
    async () => {
      await shop.database({ capacity: 1, latencyMs: 300, reset: true });
      const slow = shop.place("place-order-request");
      await until("the one connection is busy", async () => (await shop.database()).inUse === 1);
      refused(await shop.place("place-order-request"), 503, "saturated");
      const spilled = accepted(await shop.place("place-order"));
      const queued = accepted(await shop.place("place-order-event"));
      answered(await slow);
      for (const { id } of [spilled, queued]) {
        const receipt = await finalReceipt(client, id, 15 * SECOND);
        assert.deepEqual([receipt.status, receipt.attempt], ["succeeded", 1], "a throttle costs no attempt");
      }
      const { throttled, peak, writes } = await shop.database({ capacity: 10, latencyMs: 20 });
      assert.ok(throttled >= 2);
      assert.deepEqual([peak, writes], [1, 3]);
    },
  );

  test("§8 POISON always fails: request 500, spill and event are failed within 10 s", async () => {
    const poison = { sku: "POISON", quantity: 1 };
    refused(await shop.place("place-order-request", poison), 500, "handler-failed");
    const began = performance.now();
    const receipts = [
      accepted(await shop.place("place-order", poison)),
      accepted(await shop.place("place-order-event", poison)),
    ];
    for (const { id } of receipts) {
      const receipt = await finalReceipt(client, id, 15 * SECOND);
      assert.deepEqual([receipt.status, receipt.attempt, receipt.maxAttempts], ["failed", 5, 5]);
      assert.equal((receipt.error as Problem).code, "handler-failed");
    }
    assert.ok(performance.now() - began < 10 * SECOND);
  });

  test(
    "§8 the three operations share its slots: calls at once beyond the gate spill or are refused",
    unless({ functions: SPLIT }),
    async () => {
      await shop.database({ latencyMs: 1_000, reset: true });
      const first = times(10).map(() => shop.place("place-order-request"));
      await until("ten orders are at work", async () => (await shop.database()).inUse === 10);
      refused(await shop.place("place-order-request"), 503, "saturated");
      const { id } = accepted(await shop.place("place-order"));
      for (const answer of await Promise.all(first)) answered(answer);
      assert.equal((await finalReceipt(client, id)).status, "succeeded");
      const { throttled, peak } = await shop.database({ latencyMs: 20 });
      assert.deepEqual([throttled, peak], [0, 10]);
    },
  );
});

type Flows = { readonly items: readonly (Rates & { readonly name: string })[] };
type Rates = { readonly rates: { readonly refusedPerSecond: number; readonly acceptedPerSecond: number } };

suite("§8 the burst", () => {
  const burst = (input: unknown) => server.admin.call("burst", input);
  const rates = async () => {
    const { items } = answered<Flows>(await server.admin.get("/admin/operations"));
    return new Map(items.map((item) => [item.name as string, item.rates]));
  };

  test("§8 is an operation of administrators, held to its bounds", async () => {
    refused(await client.call("burst", {}), 401, "unauthenticated");
    for (const [input, pointer] of [
      [{ flow: "batch" }, "/flow"],
      [{ calls: 50_001 }, "/calls"],
      [{ perSecond: 0 }, "/perSecond"],
    ] as const) {
      const { errors } = refused(await burst(input), 422, "invalid-input");
      assert.deepEqual(
        errors?.map((error) => error.pointer),
        [pointer],
      );
    }
  });

  test(
    "§8 by default it is refused in the request flow within 10 s, and in the others never",
    unless({ functions: NO_ADDRESS, container: TOO_MUCH }),
    async () => {
      assert.deepEqual(answered(await burst({})), {
        ...{ started: true, flow: "all", calls: 6_000, perSecond: 2_000 },
      });
      await until("request calls are refused", async () => {
        const refusals = (await rates()).get("place-order-request")?.refusedPerSecond ?? 0;
        return refusals > 0;
      });
      const names = ["place-order", "place-order-event"];
      await until("the others accept", async () => {
        const now = await rates();
        return names.every((name) => (now.get(name)?.acceptedPerSecond ?? 0) > 0);
      });
      const next = { flow: "event", calls: 1 };
      await until("the burst is over", async () => (await burst(next)).status !== 409, 20 * SECOND);
      const after = await rates();
      assert.deepEqual(
        names.map((name) => after.get(name)?.refusedPerSecond),
        [0, 0],
      );
    },
  );

  test(
    "§8 there is one at a time, and it can be stopped",
    unless({ functions: NO_ADDRESS, container: TOO_MUCH }),
    async () => {
      const { inputSchema } = answered<{ readonly inputSchema: Readonly<Record<string, unknown>> }>(
        await shop.server.admin.get("/admin/operations/burst"),
      );
      assert.ok("properties" in inputSchema && !("deprecated" in inputSchema), "a console offers it");
      await burst({ stop: true });
      const input = { flow: "event", calls: 1_000, perSecond: 1 };
      answered(await burst(input));
      refused(await burst(input), 409, "burst-running");
      assert.deepEqual(answered(await burst({ stop: true })), { stopped: true });
      assert.deepEqual(answered(await burst({ stop: true })), { stopped: false });
      answered(await burst(input));
      answered(await burst({ stop: true }));
    },
  );

  test(
    "§8 it ends when the server drains",
    unless({ functions: NO_ADDRESS, container: TOO_MUCH }),
    async () => {
      const other = await Orders.start();
      try {
        answered(await other.server.admin.call("burst", { flow: "event", calls: 10_000, perSecond: 100 }));
        await until("it sends", async () => (await other.database()).writes > 0);
        other.server.signal("SIGTERM");
        assert.deepEqual(await within("the server ends", other.server.exited), { code: 0, signal: null });
      } finally {
        await other.stop();
      }
    },
  );
});

suite("§8 the environment", () => {
  test(
    "§8 sets the database and the gate",
    unless({ functions: "what the template is made of is set when it is made" }),
    async () => {
      const other = await Orders.start({
        ...{
          ORDERS_DB_CONCURRENCY: "4",
          ORDERS_DB_LATENCY_MS: "7",
          ORDERS_FAIL_RATE: "0.5",
          ORDERS_GATE: "2",
        },
      });
      try {
        const { capacity, latencyMs, failRate } = await other.database();
        assert.deepEqual([capacity, latencyMs, failRate], [4, 7, 0.5]);
        const resources = answered<{ items: readonly { name: string; concurrency: number }[] }>(
          await other.server.admin.get("/admin/resources"),
        );
        assert.equal(resources.items.find(({ name }) => name === "orders-db")?.concurrency, 2);
      } finally {
        await other.stop();
      }
    },
  );
});
