/** The checks of what stands around the calls: the socket, event streams, the edge's own queueing, dead letters. */
import assert from "node:assert/strict";
import { member } from "../client.ts";
import { accepted, administers, type Check, expect, ms, placed, Skipped, succeeded } from "./judging.ts";

export const socket: Check = {
  name: "the socket: every receipt that is followed is heard to its end, and calls are answered",
  run: async (site, run) => {
    const frames = await site.connect();
    try {
      frames.send({ type: "ping" });
      await frames.heard("A pong", (frame) => member(frame, "type") === "pong" || undefined);
      const started = performance.now();
      const ids = await Promise.all(
        Array.from({ length: run.calls }, async () => {
          const path = accepted(await site.call("place-order-event", run.order()));
          const id = path.split("/")[2] ?? "";
          frames.follow(id);
          return id;
        }),
      );
      const finals = await Promise.all(ids.map((id) => frames.final(id)));
      for (const { receipt } of finals) assert.equal(receipt.status, "succeeded");
      const asked = finals.filter(({ askedAgain }) => askedAgain > 0).length;
      const time = performance.now() - started;
      const call = { type: "call", operation: "place-order-request", input: run.order(), ref: "at once" };
      frames.send({ ...call, idempotencyKey: run.key() });
      const answer = await frames.answer("at once");
      assert.equal(member(answer, "type"), "answer", `A call was answered ${JSON.stringify(answer)}`);
      const again = asked === 0 ? "" : `, ${asked} after they were asked for again`;
      return `${ids.length} of ${ids.length} heard within ${ms(time)}${again}`;
    } finally {
      frames.close();
    }
  },
};

export const streams: Check = {
  name: "the event stream of a receipt ends with its final state",
  run: async (site, run) => {
    const path = accepted(await site.call("place-order-event", run.order()));
    const states = await site.stream(path);
    await succeeded(site, path);
    if ("status" in states) {
      expect(states, 501, "not-on-this-deployment");
      return new Skipped("there are none at this address, and it says so; give theirs with --events");
    }
    assert.equal(states.at(-1)?.status, "succeeded", `The last state is ${JSON.stringify(states.at(-1))}`);
    return states.map(({ status }) => status).join(", ");
  },
};

export const poison: Check = {
  name: "what always fails is tried five times, is a dead letter, can be redriven and cancelled",
  run: async (site, run) => {
    const path = accepted(await site.call("place-order-event", run.order("POISON")));
    const failed = await site.receipt(path);
    assert.deepEqual([failed.status, failed.attempt, failed.error?.code], ["failed", 5, "handler-failed"]);
    const { id } = failed;
    expect(await site.ask("DELETE", `${site.addresses.http}/receipts/${id}`), 409, "already-final");
    const cannot = await administers(site);
    if (cannot) return `failed after ${failed.attempt} attempts; not redriven: ${cannot.why}`;
    await site.until("The dead letter", async () => {
      const { body } = expect(await site.administer("GET", "dead-letters"), 200);
      const groups = member(body, "items") as readonly unknown[];
      return groups.find((group) => member(group, "operation") === "place-order-event");
    });
    const { body } = expect(await site.administer("POST", "jobs/redrive", { ids: [id] }), 200);
    assert.equal(member(body, "count"), 1);
    const { status } = await site.administer("DELETE", `jobs/${id}`);
    assert.ok(status === 200 || status === 202, `Its cancel was answered ${status}`);
    assert.equal((await site.receipt(path)).status, "cancelled");
    return "failed, redriven, cancelled";
  },
};

export const direct: Check = {
  name: "direct: API Gateway puts a call into its queue by itself, and its receipt ends",
  run: async (site, run) => {
    const { direct } = site.addresses;
    if (direct === undefined)
      return new Skipped("no operation is called directly here; if one is, give --direct");
    const url = `${direct}/operations/place-order-event`;
    const order = run.order();
    const key = { "idempotency-key": run.key() };
    const { output } = await succeeded(site, accepted(await site.ask("POST", url, key, order)));
    await placed(site, output, order);
    const again = await succeeded(site, accepted(await site.ask("POST", url, key, order)));
    assert.deepEqual(again.output, output);
    assert.ok(member(again, "duplicateOf"), `A repeat's receipt is no duplicate: ${JSON.stringify(again)}`);
    expect(await site.ask("POST", url, { "idempotency-key": run.key() }, { sku: 1 }), 400, "invalid-input");
    return "done, a repeat ends as the first, a bad input is refused at the edge";
  },
};
