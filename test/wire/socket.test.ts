// docs/wire.md §3: the frames of the socket, where callers have no names.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { accepted, finalReceipt, judgeProblem, judgeReceipt, receiptOf, refused } from "./support/judge.ts";
import { type Acted, fresh, Lab } from "./support/lab.ts";
import {
  type Frame,
  type LiveSocket,
  onSocket,
  openSocket,
  problemIn,
  refusedSocket,
  type SocketWork,
} from "./support/socket.ts";
import { SECOND, times } from "./support/wait.ts";

const lab = await Lab.start();
const { client, server } = lab;
after(() => lab.stop());

const withSocket = (work: SocketWork) => onSocket(server.port, work);

const statusOf =
  (id: string, status?: string) =>
  ({ type, receipt }: Frame): boolean =>
    type === "status" && receipt?.id === id && (status === undefined || receipt.status === status);

suite("§3 opening the socket", { concurrency: 8 }, () => {
  test("§3 takes the subprotocol spillway.v1, and frames have their type first", () =>
    withSocket(async (socket) => {
      assert.equal(socket.socket.protocol, "spillway.v1");
      assert.equal(socket.socket.extensions, "");
      socket.send({ type: "ping" });
      await socket.when("pong", ({ type }) => type === "pong");
      for (const text of socket.texts) assert.match(text, /^\{"type":"/);
    }));

  test("§3 without an upgrade answers 426", async () => {
    const answer = await client.get("/socket");
    refused(answer, 426, "upgrade-required");
    assert.match(answer.headers.upgrade ?? "", /websocket/i);
  });

  test("§3 without the subprotocol answers 400 malformed-header", async () => {
    for (const protocols of [[], ["spillway.v2"]]) {
      const { status, text } = await refusedSocket(server.port, { protocols });
      assert.equal(status, 400);
      judgeProblem(JSON.parse(text), 400, "malformed-header");
    }
  });

  test("§3 an upgrade on any other path is refused", async () => {
    const headers = {
      ...{ connection: "upgrade", upgrade: "websocket", "sec-websocket-version": "13" },
      ...{ "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-protocol": "spillway.v1" },
    };
    const answer = await client.get("/sockets", headers);
    refused(answer, 404, "not-found");
  });
});

suite("§3 subscribe to a receipt", { concurrency: 8 }, () => {
  test("§3 answers the state now, then each change until final", () =>
    withSocket(async (socket) => {
      const tag = fresh();
      const { id } = accepted(await lab.act("wide-event", tag, ["hold"]));
      await lab.atWork(tag);
      const first = await socket.ask({ type: "subscribe", receipt: id });
      assert.equal(first.type, "status");
      assert.equal(first.receipt?.id, id);
      await lab.release(tag);
      await socket.when("succeeded", statusOf(id, "succeeded"));
      const revisions = socket.frames.flatMap(({ receipt }) => (receipt ? [receipt.revision] : []));
      assert.deepEqual(
        revisions,
        revisions.toSorted((a, b) => a - b),
      );
      for (const { receipt } of socket.frames) if (receipt) judgeReceipt(receipt);
    }));

  test("§3 sends a final state at once, and sends it again when asked again", () =>
    withSocket(async (socket) => {
      const { id } = accepted(await lab.act("wide-event", fresh(), ["ok"]));
      const final = await finalReceipt(client, id);
      for (const _ of times(2)) {
        const frame = await socket.ask({ type: "subscribe", receipt: id });
        assert.deepEqual(frame.receipt, final);
      }
    }));

  test("§3 of an unknown id answers unknown-receipt, exactly as by HTTP", () =>
    withSocket(async (socket) => {
      const id = "x".repeat(46);
      const frame = await socket.ask({ type: "subscribe", receipt: id });
      problemIn(frame, 404, "unknown-receipt");
      assert.deepEqual(frame.problem, (await client.receipt(id)).as());
    }));

  test("§3 shows progress and retries on the way", () =>
    withSocket(async (socket) => {
      const tag = fresh();
      const { id } = accepted(await lab.act("wide-event", tag, ["progress-then"]));
      await lab.atWork(tag);
      await socket.ask({ type: "subscribe", receipt: id });
      await lab.release(tag);
      await socket.when("with progress", ({ receipt }) => receipt?.progress?.message === "packing");
      await lab.release(`${tag}-end`);
      await socket.when("succeeded", statusOf(id, "succeeded"));
    }));

  test("§3 unsubscribe ends it", () =>
    withSocket(async (socket) => {
      const tag = fresh();
      const { id } = accepted(await lab.act("wide-event", tag, ["hold"]));
      await lab.atWork(tag);
      await socket.ask({ type: "subscribe", receipt: id });
      const answer = await socket.ask({ type: "unsubscribe", receipt: id });
      assert.deepEqual([answer.type, answer.receipt], ["unsubscribed", id]);
      await lab.release(tag);
      await finalReceipt(client, id);
      const other = accepted(await lab.act("wide-event", fresh(), ["ok"]));
      await finalReceipt(client, other.id);
      await socket.ask({ type: "subscribe", receipt: other.id });
      assert.equal(socket.frames.some(statusOf(id, "succeeded")), false);
    }));

  test("§3 a final state reaches a hundred subscribers of fifty jobs within 10 s", async () => {
    const tag = fresh();
    const calls = times(50).map(() => lab.act("wide-event", tag, ["hold"]));
    const ids = (await Promise.all(calls)).map((answer) => accepted(answer).id);
    await lab.atWork(tag, 50);
    const sockets = await Promise.all(times(100).map(() => openSocket(server.port)));
    try {
      await Promise.all(
        sockets.map((socket, index) => socket.ask({ type: "subscribe", receipt: ids[index % 50] })),
      );
      await lab.release(tag);
      await Promise.all(
        sockets.map((socket, index) =>
          socket.when("succeeded", statusOf(ids[index % 50] ?? "", "succeeded"), 10 * SECOND),
        ),
      );
    } finally {
      for (const socket of sockets) socket.close();
    }
  });

  test("§3 to mine is forbidden where callers have no names", () =>
    withSocket(async (socket) => {
      problemIn(await socket.ask({ type: "subscribe", mine: true }), 403, "forbidden");
    }));
});

suite("§3 call", { concurrency: 8 }, () => {
  const call = (socket: LiveSocket, operation: string, tag: string, step: string, more = {}) =>
    socket.ask({
      type: "call",
      operation,
      input: { tag, plan: step === "hold" ? [step] : [step, "ok"] },
      ...more,
    });

  test("§3 answers the output of what runs at once", () =>
    withSocket(async (socket) => {
      for (const operation of ["wide-request", "wide-spill"]) {
        const tag = fresh();
        const frame = await call(socket, operation, tag, "ok");
        assert.equal(frame.type, "answer");
        assert.equal((frame.output as Acted).tag, tag);
      }
    }));

  test("§3 answers the receipt of what is queued, then its states", () =>
    withSocket(async (socket) => {
      const frame = await call(socket, "wide-event", fresh(), "ok");
      assert.equal(frame.type, "receipt");
      const id = frame.receipt?.id ?? "";
      await socket.when("succeeded", statusOf(id, "succeeded"));
      assert.equal((await receiptOf(client, id)).status, "succeeded");
    }));

  test("§3 a spill call that fails retryably answers a receipt, then its states", () =>
    withSocket(async (socket) => {
      const frame = await call(socket, "wide-spill", fresh(), "throw");
      assert.equal(frame.type, "receipt");
      await socket.when("succeeded", statusOf(frame.receipt?.id ?? "", "succeeded"));
    }));

  test("§3 prefers as HTTP does, and says what was applied", () =>
    withSocket(async (socket) => {
      const waited = await call(socket, "wide-event", fresh(), "ok", { prefer: "wait=5" });
      assert.equal(waited.type, "answer");
      assert.equal((waited as { applied?: string }).applied, "wait=5");
      const queued = await call(socket, "wide-spill", fresh(), "ok", { prefer: "respond-async" });
      assert.equal(queued.type, "receipt");
    }));

  test("§3 one key is one call, by HTTP and by the socket", () =>
    withSocket(async (socket) => {
      const tag = fresh();
      const idempotencyKey = fresh("key");
      const first = await call(socket, "wide-spill", tag, "ok", { idempotencyKey });
      const again = await call(socket, "wide-spill", tag, "ok", { idempotencyKey });
      assert.deepEqual(again.output, first.output);
      assert.equal((again as { replayed?: boolean }).replayed, true);
      const byHttp = await lab.act("wide-spill", tag, ["ok", "ok"], { "idempotency-key": idempotencyKey });
      assert.equal(byHttp.headers["idempotency-replayed"], "true");
      const other = await call(socket, "wide-spill", fresh(), "ok", { idempotencyKey });
      problemIn(other, 422, "idempotency-mismatch");
    }));

  test("§3 answers problems as HTTP does", () =>
    withSocket(async (socket) => {
      problemIn(await call(socket, "wide-request", fresh(), "throw"), 500, "handler-failed");
      problemIn(await call(socket, "wide-spill", fresh(), "problem"), 418, "short-and-stout");
      problemIn(await call(socket, "brief-request", fresh(), "hold"), 504, "handler-timeout");
      problemIn(await call(socket, "nothing", fresh(), "ok"), 404, "unknown-operation");
      problemIn(await call(socket, "hidden-event", fresh(), "ok"), 404, "unknown-operation");
      problemIn(await call(socket, "keyed-event", fresh(), "ok"), 400, "idempotency-required");
      const invalid = await socket.ask({ type: "call", operation: "wide-spill", input: { tag: 7 } });
      problemIn(invalid, 422, "invalid-input");
      assert.equal(invalid.problem?.errors?.[0]?.pointer, "/tag");
    }));

  test("§3, §5 an operation of administrators is unauthenticated here", () =>
    withSocket(async (socket) => {
      problemIn(await call(socket, "staff-request", fresh(), "ok"), 401, "unauthenticated");
    }));

  test("§3 a request call without a slot is saturated, with the time to come back", async () => {
    await using _ = await lab.occupy("one");
    await withSocket(async (socket) => {
      const frame = await call(socket, "one-request", fresh(), "ok");
      problemIn(frame, 503, "saturated");
      assert.ok(((frame as { retryAfter?: number }).retryAfter ?? 0) >= 1);
    });
  });

  test("§3 calls on one socket do not wait for each other", () =>
    withSocket(async (socket) => {
      const tag = fresh();
      const slow = call(socket, "wide-spill", tag, "hold");
      await lab.atWork(tag);
      assert.equal((await call(socket, "wide-spill", fresh(), "ok")).type, "answer");
      await lab.release(tag);
      assert.equal((await slow).type, "answer");
    }));

  test("§3 more than 64 unanswered calls of one socket are quota-exceeded", () =>
    withSocket(async (socket) => {
      const tag = fresh();
      const calls = times(65).map(() => call(socket, "wide-request", tag, "hold"));
      problemIn(await Promise.race(calls), 429, "quota-exceeded");
      await lab.release(tag);
      assert.equal((await Promise.all(calls)).filter(({ type }) => type === "answer").length, 64);
    }));

  test("§3 a client that leaves does not end what runs", async () => {
    const tag = fresh();
    await withSocket(async (socket) => {
      socket.send({ type: "call", operation: "wide-spill", input: { tag, plan: ["hold"] } });
      await lab.atWork(tag);
    });
    await lab.release(tag);
    assert.equal((await lab.ended(tag))[0]?.aborted, false);
  });
});
