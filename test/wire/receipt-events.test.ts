// docs/wire.md §2: GET /receipts/{id}/events.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { openEvents, type StreamEvent } from "./support/events.ts";
import { accepted, finalReceipt, isFinal, judgeReceipt, type Receipt, refused } from "./support/judge.ts";
import { fresh, Lab } from "./support/lab.ts";
import { SECOND, until } from "./support/wait.ts";

const lab = await Lab.start();
const { client } = lab;
after(() => lab.stop());

const receiptIn = ({ data }: StreamEvent): Receipt => judgeReceipt(JSON.parse(data) as Receipt);
const path = (id: string) => `/receipts/${id}/events`;

async function eventCall(tag: string, plan: readonly string[]): Promise<string> {
  return accepted(await lab.act("wide-event", tag, plan)).id;
}

suite("§2 the events of a receipt", { concurrency: 8 }, () => {
  test("§2 tell the state now, then each change, and end after the final one", async () => {
    const tag = fresh();
    const id = await eventCall(tag, ["hold"]);
    await lab.atWork(tag);
    const stream = await openEvents(client, path(id));
    assert.equal(stream.status, 200);
    assert.match(stream.headers["content-type"] ?? "", /^text\/event-stream\b/);
    const first = receiptIn(await stream.when("status", ({ event }) => event === "status"));
    assert.equal(first.id, id);
    await lab.release(tag);
    const events = (await stream.all()).filter(({ event }) => event === "status");
    const last = receiptIn(events.at(-1) as StreamEvent);
    assert.equal(last.status, "succeeded");
    for (const event of events) assert.equal(event.id, String(receiptIn(event).revision));
    const revisions = events.map((event) => receiptIn(event).revision);
    assert.deepEqual(
      revisions,
      revisions.toSorted((a, b) => a - b),
    );
  });

  test("§2 of a job that has ended are its final state, then the end", async () => {
    const id = await eventCall(fresh(), ["problem"]);
    await finalReceipt(client, id);
    const events = await (await openEvents(client, path(id))).all();
    assert.deepEqual(
      events.map((event) => [event.event, receiptIn(event).status]),
      [["status", "failed"]],
    );
  });

  test("§2 show a retry on the way to the end", async () => {
    const tag = fresh();
    const id = await eventCall(tag, ["hold", "ok"]);
    await lab.atWork(tag);
    const stream = await openEvents(client, path(id));
    await stream.when("status", ({ event }) => event === "status");
    await client.cancel(id);
    const events = await stream.all();
    assert.equal(receiptIn(events.at(-1) as StreamEvent).status, "cancelled");
  });

  test("§2 with a Last-Event-ID before the state now send it at once", async () => {
    const tag = fresh();
    const id = await eventCall(tag, ["hold"]);
    await lab.atWork(tag);
    const stream = await openEvents(client, path(id), { "last-event-id": "0" });
    const first = await stream.when("status", ({ event }) => event === "status");
    assert.ok(Number(first.id) >= 0);
    stream.close();
    await lab.release(tag);
  });

  test("§2 with the Last-Event-ID of the state now send only what is new", async () => {
    const tag = fresh();
    const id = await eventCall(tag, ["hold"]);
    await lab.atWork(tag);
    const before = await openEvents(client, path(id));
    const seen = await before.when("status", (event) => event.id !== undefined);
    before.close();
    const stream = await openEvents(client, path(id), { "last-event-id": seen.id ?? "" });
    await lab.release(tag);
    const events = (await stream.all()).filter(({ event }) => event === "status");
    for (const event of events) assert.ok(Number(event.id) > Number(seen.id), `${event.id} after ${seen.id}`);
    assert.ok(isFinal(receiptIn(events.at(-1) as StreamEvent)));
  });

  test("§2 with the Last-Event-ID of the final state are 204, on which a browser stays away", async () => {
    const id = await eventCall(fresh(), ["ok"]);
    const { revision } = await finalReceipt(client, id);
    const headers = { "last-event-id": String(revision) };
    assert.equal((await client.get(path(id), headers)).status, 204);
  });

  test("§2 with a Last-Event-ID that is no number send the state now", async () => {
    const id = await eventCall(fresh(), ["ok"]);
    await finalReceipt(client, id);
    for (const odd of ["", "x", "-1", "1.5", "1e0", " "]) {
      const stream = await openEvents(client, path(id), { "last-event-id": odd });
      assert.equal(stream.status, 200, odd);
      assert.equal((await stream.all()).length, 1, odd);
    }
  });

  test("§2 of progress carry no id", async () => {
    const tag = fresh();
    const id = await eventCall(tag, ["progress-then"]);
    await lab.atWork(tag);
    const stream = await openEvents(client, path(id));
    await stream.when("status", ({ event }) => event === "status");
    await lab.release(tag);
    const news = await stream.when("progress", ({ event }) => event === "progress", 5 * SECOND);
    assert.equal(news.id, undefined);
    assert.deepEqual(receiptIn(news).progress, { ratio: 0.8, message: "packing" });
    await lab.release(`${tag}-end`);
    const last = (await stream.all()).at(-1) as StreamEvent;
    assert.equal(receiptIn(last).status, "succeeded");
  });

  test("§2 keep the connection alive by a comment every 15 s", async () => {
    const tag = fresh();
    const id = await eventCall(tag, ["hold"]);
    const stream = await openEvents(client, path(id));
    const comments = stream.comments;
    await until("a heartbeat", () => stream.comments > comments, 17 * SECOND);
    await lab.release(tag);
    await stream.all();
  });

  test("§2 of an unknown receipt are 404", async () => {
    refused(await client.get(path("x".repeat(46))), 404, "unknown-receipt");
  });

  test("§5 are not to be had by HEAD", async () => {
    const tag = fresh();
    const id = await eventCall(tag, ["hold"]);
    const answer = await client.send(path(id), { method: "HEAD" });
    assert.equal(answer.status, 405);
    await lab.release(tag);
  });

  test("§2 go to many listeners, and a listener that leaves harms nobody", async () => {
    const tag = fresh();
    const id = await eventCall(tag, ["hold"]);
    const streams = await Promise.all(Array.from({ length: 30 }, () => openEvents(client, path(id))));
    for (const [index, stream] of streams.entries()) if (index % 3 === 0) stream.close();
    await lab.release(tag);
    for (const [index, stream] of streams.entries()) {
      if (index % 3 === 0) continue;
      const events = await stream.all();
      assert.ok(isFinal(receiptIn(events.at(-1) as StreamEvent)));
    }
  });
});
