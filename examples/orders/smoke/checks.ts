/**
 * What a deployment of the orders example must do, check by check, each against docs/wire.md. Every order bears a mark
 * of its run, so that a deployment in use can be checked too; what is left behind are orders.
 */
import assert from "node:assert/strict";
import { inParallel, member } from "../client.ts";
import { direct, poison, socket, streams } from "./checks-around.ts";
import { accepted, type Check, expect, ms, placed, succeeded, timed } from "./judging.ts";
import type { Order } from "./site.ts";

const firstCalls: Check = {
  name: "the first call, and the one after it",
  run: async (site) => {
    const [first, cold] = await timed(() => site.get("/health/live"));
    expect(first, 200);
    const [, warm] = await timed(() => site.get("/health/live"));
    return `${ms(cold)}, then ${ms(warm)}`;
  },
};

const request: Check = {
  name: "request-response: an order is answered at once, and is there",
  run: async (site, run) => {
    const order = run.order();
    const [answer, time] = await timed(() => site.call("place-order-request", order));
    expect(answer, 200);
    await placed(site, answer.body, order);
    return ms(time);
  },
};

const event: Check = {
  name: "event-driven: a receipt at once, then the order is there",
  run: async (site, run) => {
    const order = run.order();
    const started = performance.now();
    const [answer, time] = await timed(() => site.call("place-order-event", order));
    const { output } = await succeeded(site, accepted(answer));
    const done = performance.now() - started;
    await placed(site, output, order);
    return `accepted in ${ms(time)}, seen done after ${ms(done)}`;
  },
};

const spill: Check = {
  name: "spill: many at once are answered or get a receipt, and each order is there once",
  run: async (site, run) => {
    const ids = new Set<unknown>();
    const counts = { answered: 0, accepted: 0 };
    await inParallel(run.calls, run.calls, async () => {
      const order = run.order();
      const answer = await site.call("place-order", order);
      let output = answer.body;
      if (answer.status === 200) counts.answered++;
      else {
        output = (await succeeded(site, accepted(answer))).output;
        counts.accepted++;
      }
      await placed(site, output, order);
      ids.add(member(output, "orderId"));
    });
    assert.equal(ids.size, run.calls, "Two calls got one order");
    return `${counts.answered} answered, ${counts.accepted} with a receipt`;
  },
};

const keys: Check = {
  name: "a key: a repeat is the same call, another input is refused",
  run: async (site, run) => {
    const [order, key] = [run.order(), { "idempotency-key": `"${run.key()}"` }];
    const answers = await Promise.all([1, 2, 3].map(() => site.call("place-order-event", order, key)));
    const paths = answers.map((answer) =>
      answer.status === 202 ? accepted(answer) : expect(answer, 200).headers.get("content-location"),
    );
    assert.equal(new Set(paths).size, 1, `Three calls with one key got ${paths.join(", ")}`);
    const { id, output } = await succeeded(site, paths[0] ?? "");
    const replay = expect(await site.call("place-order-event", order, key), 200);
    assert.equal(replay.headers.get("idempotency-replayed"), "true");
    assert.deepEqual(replay.body, output);
    expect(await site.call("place-order-event", run.order(), key), 422, "idempotency-mismatch");
    const atOnce = { "idempotency-key": `"${run.key()}"` };
    const first = expect(await site.call("place-order-request", order, atOnce), 200);
    const again = expect(await site.call("place-order-request", order, atOnce), 200);
    assert.deepEqual([again.body, again.headers.get("idempotency-replayed")], [first.body, "true"]);
    return `one receipt ${id.slice(0, 8)}… for three calls`;
  },
};

const refusals: Check = {
  name: "what is wrong is refused with its reason",
  run: async (site) => {
    const { body } = expect(await site.call("place-order", { sku: "", quantity: 1 }), 422, "invalid-input");
    assert.match(JSON.stringify(member(body, "errors")), /"pointer":"\/sku"/);
    expect(await site.call("place-order-none", {}), 404, "unknown-operation");
    expect(await site.call("send-confirmation", { orderId: "x" }), 404, "unknown-operation");
    expect(await site.get("/receipts/none"), 404, "unknown-receipt");
    return "422 with a pointer, 404 three times";
  },
};

const waiting: Check = {
  name: "Prefer: wait holds the answer for the outcome",
  run: async (site, run) => {
    const order = run.order();
    const prefer = `wait=${site.longestWaitSeconds}`;
    const [answer, time] = await timed(() => site.call("place-order-event", order, { prefer }));
    expect(answer, 200);
    assert.equal(answer.headers.get("preference-applied"), prefer);
    await placed(site, answer.body, order);
    return ms(time);
  },
};

const batch: Check = {
  name: "a batch: a receipt for each item, in order, and a bad one harms itself only",
  run: async (site, run) => {
    const good = Array.from({ length: 20 }, () => run.order());
    const items = [...good.slice(0, 10), { sku: 1 }, ...good.slice(10)];
    const { body } = expect(await site.call("place-order-event/batch", items), 202);
    const told = body as readonly unknown[];
    assert.equal(told.length, items.length);
    assert.equal(member(told[10], "code"), "invalid-input");
    const ids = told.filter((_, place) => place !== 10).map((one) => member(one, "id"));
    await Promise.all(
      ids.map(async (id, place) => {
        const { output } = await succeeded(site, `/receipts/${id}`);
        await placed(site, output, good[place] as Order);
      }),
    );
    return `${ids.length} orders`;
  },
};

/** Those that take long come last. */
export const CHECKS: readonly Check[] = [
  firstCalls,
  request,
  event,
  refusals,
  keys,
  waiting,
  batch,
  spill,
  socket,
  streams,
  direct,
  poison,
];
