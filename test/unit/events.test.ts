// Server-Sent Events of one receipt: what is sent when, what resumes, and what lets a stream go.
import assert from "node:assert/strict";
import { beforeEach, suite, test } from "node:test";
import { Rig, Stream } from "../support/push-rig.ts";

const TOKENS: Readonly<Record<string, string>> = { "ann-token": "ann", "bob-token": "bob" };
const ann = { authorization: "Bearer ann-token" };
const bob = { authorization: "Bearer bob-token" };

let rig: Rig;

const status = (reply: { readonly status: number; readonly body: string }) =>
  [reply.status, reply.body === "" ? "" : JSON.parse(reply.body).code] as const;

suite("the events of a receipt", () => {
  beforeEach(async () => {
    rig = new Rig();
    await rig.start(({ token }) => {
      const principal = TOKENS[token];
      return principal === undefined ? undefined : { principal };
    });
  });

  test("are told as an event stream that no proxy gathers and no cache keeps", async () => {
    const { reply } = await rig.events(await rig.accepted(ann), ann);
    assert.equal(reply.status, 200);
    assert.deepEqual(reply.headers, [
      "content-type",
      "text/event-stream",
      "cache-control",
      "no-store",
      "x-accel-buffering",
      "no",
    ]);
  });

  test("begin with the state now, tell each change under its revision, and end after the final one", async () => {
    const stream = await rig.events(await rig.accepted(ann), ann);
    const [now] = stream.events();
    assert.deepEqual([now?.name, now?.id, now?.data["status"]], ["status", "2", "running"]);
    await rig.release({ ok: true });
    const [last, ...more] = stream.events();
    assert.deepEqual([last?.name, last?.id, last?.data["status"]], ["status", "3", "succeeded"]);
    assert.deepEqual(last?.data["output"], { ok: true });
    assert.deepEqual([more.length, stream.ended], [0, true]);
  });

  test("tell progress without an id", async () => {
    const stream = await rig.events(await rig.accepted(ann), ann);
    stream.take();
    rig.progress(0.5);
    await rig.settle();
    const [event] = stream.events();
    assert.deepEqual([event?.name, event?.id], ["progress", undefined]);
    assert.deepEqual(event?.data["progress"], { ratio: 0.5 });
  });

  test("resume after a revision: the state now is told only if it is past that", async () => {
    const id = await rig.accepted(ann);
    const told = async (lastEventId: string) =>
      (await rig.events(id, { ...ann, "last-event-id": lastEventId })).events().length;
    assert.deepEqual([await told("1"), await told("2"), await told("7"), await told("x")], [1, 0, 0, 1]);
    const resumed = await rig.events(id, { ...ann, "last-event-id": "2" });
    await rig.release();
    assert.deepEqual(
      resumed.events().map((event) => event.id),
      ["3"],
    );
  });

  test("of an ended job are its final state; who has it is told to stay away", async () => {
    const id = await rig.accepted(ann);
    await rig.release();
    const told = await rig.events(id, ann);
    assert.deepEqual([told.reply.status, told.events().length, told.ended], [200, 1, true]);
    const again = await rig.events(id, { ...ann, "last-event-id": "3" });
    assert.deepEqual([again.reply.status, again.take(), again.ended], [204, "", true]);
    const astray = await rig.events(id, { ...ann, "last-event-id": "9" });
    assert.equal(astray.events().length, 1, "the final state is never skipped");
  });

  test("of an unknown receipt and of another's are refused alike", async () => {
    const id = await rig.accepted(ann);
    const [unknown, others] = [await rig.events("none", ann), await rig.events(id, bob)];
    assert.deepEqual(status(others.reply), [404, "unknown-receipt"]);
    assert.deepEqual(others.reply, unknown.reply);
  });

  test("are kept alive by a comment every 15 s", async () => {
    const stream = await rig.events(await rig.accepted(ann), ann);
    stream.take();
    await rig.clock.run(14_000);
    assert.equal(stream.take(), "");
    await rig.clock.run(1_000);
    assert.equal(stream.take(), ":\n\n");
    await rig.clock.run(14_000);
    assert.equal(stream.take(), "");
  });

  test("reach a final state although its hint was lost", async () => {
    const id = await rig.accepted(ann);
    const stream = await rig.events(id, ann);
    stream.take();
    await rig.endUnheard(id, "ann");
    assert.equal(stream.take(), "");
    await rig.clock.run(6_000);
    assert.deepEqual(
      stream.events().map(({ data }) => data["status"]),
      ["cancelled"],
    );
    assert.equal(stream.ended, true);
  });

  test("end when the store cannot be read, so that the reader comes back", async () => {
    const stream = await rig.events(await rig.accepted(ann), ann);
    rig.engine.find = () => Promise.reject(new Error("no disk"));
    await rig.clock.run(8_000);
    assert.equal(stream.ended, false);
    await rig.clock.run(2_000);
    assert.equal(stream.ended, true);
  });

  test("are open a thousand times at once for one principal, and no more", async () => {
    const id = await rig.accepted(ann);
    const open: Stream[] = [];
    for (let n = 0; n < 1_000; n++) {
      open.push(new Stream(await rig.app.door.handle(rig.request("GET", `/receipts/${id}/events`, ann))));
    }
    const refused = await rig.events(id, ann);
    assert.deepEqual(status(refused.reply), [429, "quota-exceeded"]);
    assert.ok(refused.reply.headers.includes("retry-after"));
    open[0]?.hangUp();
    assert.equal((await rig.events(id, ann)).reply.status, 200);
  });

  test("leave nothing behind", async () => {
    const id = await rig.accepted(ann);
    const before = rig.clock.pending;
    const stream = await rig.events(id, ann);
    assert.equal(rig.clock.pending, before + 1);
    stream.hangUp();
    assert.equal(rig.clock.pending, before);
    const { finds } = rig;
    await rig.clock.run(20_000);
    assert.equal(rig.finds, finds);
  });
});
