// The socket's protocol, frame by frame: who gets in, what each frame answers, what is pushed, and what closes it.
import assert from "node:assert/strict";
import { beforeEach, suite, test } from "node:test";
import type { Upgrade } from "../../src/door/exchange.ts";
import { FarEnd, type Frame, Rig } from "../support/push-rig.ts";

const TOKENS: Readonly<Record<string, string>> = {
  "ann-token": "ann",
  "bob-token": "bob",
  brief: "ann",
  over: "ann",
};
const ann = { authorization: "Bearer ann-token" };
const bob = { authorization: "Bearer bob-token" };
const MIB = 1024 * 1024;
const EXPIRES_MS = 60_000;
const EXPIRIES: Readonly<Record<string, number>> = { brief: EXPIRES_MS, over: 0 };

let rig: Rig;

async function named(): Promise<void> {
  rig = new Rig();
  await rig.start(({ token }) => {
    const principal = TOKENS[token];
    if (principal === undefined) return undefined;
    const expiresAt = EXPIRIES[token];
    return { principal, ...(expiresAt !== undefined && { expiresAt: rig.clock.now() + expiresAt }) };
  });
}

const codeOf = (frame: Frame | undefined) => [frame?.type, (frame?.["problem"] as { code?: string })?.code];
const refused = (upgrade: Upgrade) =>
  upgrade.kind === "refused" ? [upgrade.reply.status, JSON.parse(upgrade.reply.body).code] : upgrade.kind;
const base64url = (token: string) => Buffer.from(token).toString("base64url");

function receiptOf(frame: Frame | undefined): Frame {
  assert.ok(frame?.["receipt"], JSON.stringify(frame));
  return frame["receipt"] as Frame;
}

async function only(socket: FarEnd, frame: object | string): Promise<Frame> {
  await socket.say(frame);
  const answers = socket.take();
  assert.equal(answers.length, 1, JSON.stringify(answers));
  return answers[0] as Frame;
}

suite("opening a socket", () => {
  beforeEach(named);

  test("takes the token as a header or as a subprotocol, and answers spillway.v1 alone", async () => {
    const offers = [
      ann,
      { "sec-websocket-protocol": `spillway.v1, bearer.${base64url("ann-token")}` },
      { "sec-websocket-protocol": `bearer.${base64url("ann-token")},spillway.v1` },
    ];
    for (const headers of offers) {
      const upgrade = await rig.upgrade(headers);
      assert.equal(upgrade.kind === "accepted" && upgrade.protocol, "spillway.v1");
    }
  });

  const refusals: readonly (readonly [string, Readonly<Record<string, string>>, number, string])[] = [
    ["without a token", {}, 401, "unauthenticated"],
    ["with a token that is unknown", { authorization: "Bearer nobody" }, 401, "unauthenticated"],
    ["with a token that has expired", { authorization: "Bearer over" }, 401, "unauthenticated"],
    ["with a cookie only", { cookie: "token=ann-token" }, 401, "unauthenticated"],
    ["with a header that is none", { authorization: "ann-token" }, 400, "malformed-header"],
    ["from a foreign origin", { ...ann, origin: "https://evil.example" }, 403, "forbidden"],
    ["without an upgrade", { ...ann, upgrade: "h2c" }, 426, "upgrade-required"],
    ["without the subprotocol", { ...ann, "sec-websocket-protocol": "mqtt" }, 400, "malformed-header"],
    [
      "with a subprotocol token that is not base64url",
      { "sec-websocket-protocol": "spillway.v1, bearer.a!b" },
      400,
      "malformed-header",
    ],
    [
      "with two tokens",
      { "sec-websocket-protocol": "spillway.v1, bearer.YQ, bearer.Yg" },
      400,
      "malformed-header",
    ],
  ];
  for (const [how, headers, status, code] of refusals) {
    test(`${how} is refused with ${status} before the switch`, async () => {
      assert.deepEqual(refused(await rig.upgrade(headers)), [status, code]);
    });
  }

  test("a thousand of one principal's may be open", async () => {
    const sockets = [];
    for (let n = 0; n < 1_000; n++) sockets.push(await rig.socket(ann));
    assert.deepEqual(refused(await rig.upgrade(ann)), [429, "quota-exceeded"]);
    assert.equal((await rig.upgrade(bob)).kind, "accepted");
    sockets[0]?.session.onClose();
    assert.equal((await rig.upgrade(ann)).kind, "accepted");
  });
});

suite("frames", () => {
  beforeEach(named);

  test("ping is answered, with its ref", async () => {
    const socket = await rig.socket(ann);
    assert.deepEqual(await only(socket, { type: "ping" }), { type: "pong" });
    assert.deepEqual(await only(socket, { type: "ping", ref: 7 }), { type: "pong", ref: 7 });
  });

  const odd: readonly (readonly [string, string])[] = [
    ["{", "malformed-json"],
    ['{"type":"ping","type":"ping"}', "malformed-json"],
    ["7", "malformed-request"],
    ["null", "malformed-request"],
    ["[]", "malformed-request"],
    ["{}", "malformed-request"],
    ['{"type":"publish"}', "malformed-request"],
    ['{"type":"ping","ref":{}}', "malformed-request"],
    [`{"type":"ping","ref":"${"r".repeat(257)}"}`, "malformed-request"],
    ['{"type":"subscribe"}', "malformed-request"],
    ['{"type":"subscribe","mine":false}', "malformed-request"],
    ['{"type":"subscribe","mine":true,"receipt":"a"}', "malformed-request"],
    ['{"type":"subscribe","mine":true,"after":7}', "malformed-request"],
    ['{"type":"subscribe","mine":true,"after":"nonsense"}', "malformed-request"],
    ['{"type":"subscribe","receipt":"nonsense"}', "unknown-receipt"],
    [`{"type":"subscribe","receipt":"${"i".repeat(300)}"}`, "unknown-receipt"],
    ['{"type":"call","input":1}', "malformed-request"],
    ['{"type":"call","operation":"echo"}', "malformed-request"],
    ['{"type":"call","operation":"echo","input":1,"idempotencyKey":""}', "malformed-request"],
    ['{"type":"call","operation":"echo","input":1,"idempotencyKey":"ü"}', "malformed-request"],
    [
      `{"type":"call","operation":"echo","input":1,"idempotencyKey":"${"k".repeat(256)}"}`,
      "malformed-request",
    ],
    ['{"type":"call","operation":"none","input":1}', "unknown-operation"],
    ['{"type":"call","operation":"inner","input":1}', "unknown-operation"],
    ['{"type":"call","operation":"tune","input":1}', "unauthenticated"],
    ['{"type":"call","operation":"small","input":"0123456789"}', "too-large"],
  ];
  for (const [frame, code] of odd) {
    test(`${frame.slice(0, 80)} is a problem, ${code}, and the socket stays open`, async () => {
      const socket = await rig.socket(ann);
      assert.deepEqual(codeOf(await only(socket, frame)), ["problem", code]);
      assert.equal((await only(socket, { type: "ping" })).type, "pong");
    });
  }

  test("one that is not text is a problem", async () => {
    const socket = await rig.socket(ann);
    socket.session.onBinary();
    assert.deepEqual(codeOf(socket.take()[0]), ["problem", "malformed-request"]);
    assert.equal(socket.closed, undefined);
  });

  test("one over 64 KiB closes the socket", async () => {
    const socket = await rig.socket(ann);
    await socket.say(`{"type":"ping","pad":"${" ".repeat(65_536)}"}`);
    assert.equal(socket.closeCode(), 1009);
  });

  test("an input may be 64 levels deep, as over HTTP", async () => {
    const socket = await rig.socket(ann);
    const deep = (levels: number) =>
      `{"type":"call","operation":"echo","input":${"[".repeat(levels)}${"]".repeat(levels)}}`;
    assert.equal((await only(socket, deep(64))).type, "answer");
    assert.deepEqual(codeOf(await only(socket, deep(65))), ["problem", "malformed-json"]);
  });
});

suite("following a receipt", () => {
  beforeEach(named);

  test("tells the state now, with the ref, then every change until the final one", async () => {
    const id = await rig.accepted(ann);
    const socket = await rig.socket(ann);
    const now = await only(socket, { type: "subscribe", receipt: id, ref: "a" });
    assert.deepEqual([now.type, now["ref"], receiptOf(now)["status"]], ["status", "a", "running"]);
    await rig.release("out");
    const [last] = socket.take();
    assert.equal(last?.["ref"], undefined);
    assert.deepEqual(receiptOf(last)["output"], "out");
  });

  test("of one that has ended tells that, once", async () => {
    const id = await rig.accepted(ann);
    await rig.release();
    const socket = await rig.socket(ann);
    await socket.say({ type: "subscribe", receipt: id });
    assert.deepEqual(socket.states(), [["succeeded", 3]]);
    const { finds } = rig;
    await rig.clock.run(20_000);
    assert.equal(rig.finds, finds);
  });

  test("shows progress", async () => {
    const id = await rig.accepted(ann);
    const socket = await rig.socket(ann);
    await socket.say({ type: "subscribe", receipt: id });
    socket.take();
    rig.progress(0.25);
    await rig.settle();
    assert.deepEqual(receiptOf(socket.take()[0])["progress"], { ratio: 0.25 });
  });

  test("again tells the state again and pushes once", async () => {
    const id = await rig.accepted(ann);
    const socket = await rig.socket(ann);
    socket.session.onText(JSON.stringify({ type: "subscribe", receipt: id, ref: 1 }));
    socket.session.onText(JSON.stringify({ type: "subscribe", receipt: id, ref: 2 }));
    await rig.settle();
    assert.deepEqual(
      socket.take().map(({ ref }) => ref),
      [1, 2],
    );
    assert.equal((await only(socket, { type: "subscribe", receipt: id, ref: 3 }))["ref"], 3);
    await rig.release();
    assert.deepEqual(socket.states(), [["succeeded", 3]]);
  });

  test("another's is as unknown as none", async () => {
    const id = await rig.accepted(ann);
    const socket = await rig.socket(bob);
    const others = await only(socket, { type: "subscribe", receipt: id });
    const none = await only(socket, { type: "subscribe", receipt: "none" });
    assert.deepEqual(codeOf(others), ["problem", "unknown-receipt"]);
    assert.deepEqual({ ...others, receipt: "none" }, none);
    await rig.release();
    assert.deepEqual(socket.take(), []);
  });

  test("ends with an unsubscribe, which is answered in any case", async () => {
    const id = await rig.accepted(ann);
    const socket = await rig.socket(ann);
    await socket.say({ type: "subscribe", receipt: id });
    socket.take();
    const answer = { type: "unsubscribed", ref: "u", receipt: id };
    assert.deepEqual(await only(socket, { type: "unsubscribe", receipt: id, ref: "u" }), answer);
    assert.deepEqual(await only(socket, { type: "unsubscribe", receipt: id, ref: "u" }), answer);
    await rig.release();
    assert.deepEqual(socket.take(), []);
  });

  test("reaches the final state although its hint was lost", async () => {
    const id = await rig.accepted(ann);
    const socket = await rig.socket(ann);
    await socket.say({ type: "subscribe", receipt: id });
    socket.take();
    await rig.endUnheard(id, "ann");
    assert.deepEqual(socket.take(), []);
    await rig.clock.run(6_000);
    assert.deepEqual(socket.states(), [["cancelled", 3]]);
  });

  test("is possible a thousand times on one socket", async () => {
    const socket = await rig.socket(ann);
    const { find } = rig.engine;
    rig.engine.find = () => new Promise(() => {});
    for (let n = 0; n < 1_000; n++) await socket.say({ type: "subscribe", receipt: `r${n}` });
    assert.deepEqual(socket.take(), []);
    const frame = await only(socket, { type: "subscribe", receipt: "one-more", ref: 1 });
    assert.deepEqual(codeOf(frame), ["problem", "quota-exceeded"]);
    rig.engine.find = find;
  });

  test("costs one find for a crowd of hints, and one for a crowd of sockets", async () => {
    const id = await rig.accepted(ann);
    const sockets = await Promise.all(Array.from({ length: 50 }, () => rig.socket(ann)));
    const subscribed = rig.finds;
    for (const { session } of sockets) session.onText(JSON.stringify({ type: "subscribe", receipt: id }));
    await rig.settle();
    assert.equal(rig.finds - subscribed, 1);
    const before = rig.finds;
    for (let n = 0; n < 100; n++) rig.progress(n / 100);
    await rig.settle();
    assert.ok(rig.finds - before <= 2, `${rig.finds - before} finds`);
    for (const socket of sockets) assert.ok(socket.take().length >= 2);
  });
});

suite("following all of one's own jobs", () => {
  const mine = { type: "subscribe", mine: true };

  test("is forbidden where callers have no names", async () => {
    rig = new Rig();
    await rig.start();
    const socket = await rig.socket();
    assert.deepEqual(codeOf(await only(socket, mine)), ["problem", "forbidden"]);
  });

  suite("where they have", () => {
    beforeEach(named);

    test("tells those there are, then every change, each with a cursor that resumes after it", async () => {
      const first = await rig.accepted(ann);
      await rig.accepted(bob);
      const socket = await rig.socket(ann);
      await socket.say(mine);
      const second = await rig.accepted(ann);
      await rig.release();
      const frames = socket.take();
      const ids = new Set(frames.map(({ receipt }) => (receipt as Frame)["id"]));
      assert.deepEqual(ids, new Set([first, second]));
      const last = frames.at(-1);
      assert.equal(receiptOf(last)["status"], "succeeded");
      const later = await rig.socket(ann);
      await later.say({ ...mine, after: last?.["cursor"] });
      assert.deepEqual(later.take(), []);
      const again = await rig.socket(ann);
      await again.say({ ...mine, after: frames[0]?.["cursor"] });
      assert.ok(again.take().length >= 1);
    });

    test("with a ref is answered although there is nothing to show", async () => {
      const socket = await rig.socket(ann);
      const answer = { type: "subscribed", ref: "m", mine: true };
      assert.deepEqual(await only(socket, { ...mine, ref: "m" }), answer);
    });

    test("ends with an unsubscribe", async () => {
      const socket = await rig.socket(ann);
      await socket.say(mine);
      assert.deepEqual(await only(socket, { type: "unsubscribe", mine: true }), {
        type: "unsubscribed",
        mine: true,
      });
      await rig.accepted(ann);
      assert.deepEqual(socket.take(), []);
    });

    test("misses nothing when hints are lost", async () => {
      const socket = await rig.socket(ann);
      await socket.say(mine);
      const id = await rig.accepted(ann);
      socket.take();
      await rig.endUnheard(id, "ann");
      assert.deepEqual(socket.take(), []);
      await rig.clock.run(6_000);
      assert.deepEqual(socket.states(), [["cancelled", 3]]);
    });

    test("of a crowded reader waits for room and goes on where it stopped", async () => {
      for (let n = 0; n < 250; n++) await rig.accepted(ann);
      const socket = await rig.socket(ann);
      const { send } = socket;
      socket.send = (text) => {
        send.call(socket, text);
        socket.buffered += 4_000;
      };
      const seen = new Set<unknown>();
      await socket.say(mine);
      for (let n = 0; n < 10 && seen.size < 250; n++) {
        for (const { receipt } of socket.take()) seen.add((receipt as Frame)["id"]);
        socket.buffered = 0;
        await rig.clock.run(50);
      }
      assert.deepEqual([seen.size, socket.closed], [250, undefined]);
    });

    test("closes the socket when the store cannot be read", async () => {
      const socket = await rig.socket(ann);
      await socket.say(mine);
      rig.engine.changes = () => Promise.reject(new Error("no disk"));
      await rig.clock.run(10_000);
      assert.equal(socket.closeCode(), 1011);
    });
  });
});

suite("calling", () => {
  beforeEach(named);

  test("answers the output, with the ref", async () => {
    const socket = await rig.socket(ann);
    const frame = await only(socket, { type: "call", operation: "echo", input: { n: 1 }, ref: "1" });
    assert.deepEqual(frame, { type: "answer", ref: "1", output: { n: 1 } });
  });

  test("answers a receipt, then its states", async () => {
    const socket = await rig.socket(ann);
    await socket.say({ type: "call", operation: "later", input: 1, ref: 1 });
    const [receipt, running, ...rest] = socket.take();
    assert.deepEqual([receipt?.type, receipt?.["ref"], rest.length], ["receipt", 1, 0]);
    assert.equal(typeof receipt?.["retryAfter"], "number");
    assert.deepEqual([running?.type, receiptOf(running)["status"]], ["status", "running"]);
    await rig.release();
    assert.deepEqual(socket.states(), [["succeeded", 3]]);
  });

  test("takes a key, and says what was replayed", async () => {
    const socket = await rig.socket(ann);
    const call = { type: "call", operation: "echo", input: [1], idempotencyKey: "a b" };
    assert.deepEqual(await only(socket, call), { type: "answer", output: [1] });
    assert.deepEqual(await only(socket, call), { type: "answer", output: [1], replayed: true });
    assert.deepEqual(codeOf(await only(socket, { ...call, input: [2] })), [
      "problem",
      "idempotency-mismatch",
    ]);
  });

  test("holds the answer back as prefer says, and an odd prefer counts as absent", async () => {
    const socket = await rig.socket(ann);
    await socket.say({ type: "call", operation: "later", input: 1, prefer: "wait=5" });
    assert.deepEqual(socket.take(), []);
    await rig.release("in time");
    assert.deepEqual(socket.take(), [{ type: "answer", output: "in time", applied: "wait=5" }]);
    await socket.say({ type: "call", operation: "later", input: 1, prefer: 5 });
    assert.equal(socket.take()[0]?.type, "receipt");
  });

  test("a socket has 64 calls under way at most", async () => {
    const socket = await rig.socket(ann);
    for (let n = 0; n < 64; n++) await socket.say({ type: "call", operation: "slow", input: n });
    const refusal = await only(socket, { type: "call", operation: "slow", input: 64, ref: 64 });
    assert.deepEqual([...codeOf(refusal), refusal["ref"]], ["problem", "quota-exceeded", 64]);
    await rig.release(0);
    assert.deepEqual(socket.take(), [{ type: "answer", output: 0 }]);
    await socket.say({ type: "call", operation: "slow", input: 65 });
    assert.deepEqual(socket.take(), []);
  });

  test("answers wait for a reader that has much to read, and its calls count until then", async () => {
    const socket = await rig.socket(ann);
    socket.buffered = MIB / 2;
    for (let n = 0; n < 64; n++) await socket.say({ type: "call", operation: "echo", input: n });
    assert.deepEqual(socket.take(), []);
    const refusal = await only(socket, { type: "call", operation: "echo", input: 64 });
    assert.deepEqual(codeOf(refusal), ["problem", "quota-exceeded"]);
    socket.buffered = 0;
    await rig.clock.run(50);
    assert.equal(socket.take().length, 64);
  });

  test("what was accepted goes on when the socket is gone", async () => {
    const socket = await rig.socket(ann);
    await socket.say({ type: "call", operation: "later", input: 1 });
    const receipt = receiptOf(socket.take()[0]);
    socket.session.onClose();
    await rig.release();
    const reply = await rig.app.door.handle(rig.request("GET", `/receipts/${receipt["id"]}`, ann));
    assert.equal(JSON.parse(reply.body).status, "succeeded");
    assert.deepEqual(socket.take(), []);
  });

  test("a storage that fails is a problem", async () => {
    const socket = await rig.socket(ann);
    rig.engine.commit = async (changes) =>
      changes.map(() => ({ kind: "refused", code: "storage-unavailable", detail: "no disk" }));
    const frame = await only(socket, { type: "call", operation: "later", input: 1 });
    assert.deepEqual([...codeOf(frame), frame["retryAfter"]], ["problem", "storage-unavailable", 1]);
  });
});

suite("closing", () => {
  beforeEach(named);

  test("a reader that is more than 1 MiB behind is closed with 1013", async () => {
    const id = await rig.accepted(ann);
    const socket = await rig.socket(ann);
    await socket.say({ type: "subscribe", receipt: id });
    socket.buffered = MIB + 1;
    await rig.release();
    assert.equal(socket.closeCode(), 1013);
  });

  test("one that does not read what waits for it is closed before a final state is overdue", async () => {
    const id = await rig.accepted(ann);
    const socket = await rig.socket(ann);
    await socket.say({ type: "subscribe", receipt: id });
    socket.take();
    socket.buffered = MIB / 2;
    await rig.release();
    assert.deepEqual(socket.take(), []);
    await rig.clock.run(7_000);
    assert.equal(socket.closed, undefined);
    await rig.clock.run(2_000);
    assert.equal(socket.closeCode(), 1013);
  });

  test("one that reads on gets what waited", async () => {
    const id = await rig.accepted(ann);
    const socket = await rig.socket(ann);
    await socket.say({ type: "subscribe", receipt: id });
    socket.take();
    socket.buffered = MIB / 2;
    await rig.release();
    socket.buffered = 0;
    await rig.clock.run(50);
    assert.deepEqual(socket.states(), [["succeeded", 3]]);
  });

  test("a token that expires closes the socket with 4401, and nothing is sent after it", async () => {
    const id = await rig.accepted(ann);
    const socket = await rig.socket({ authorization: "Bearer brief" });
    await socket.say({ type: "subscribe", receipt: id });
    await rig.clock.run(EXPIRES_MS - 1_000);
    assert.deepEqual(socket.closed, undefined);
    await rig.clock.run(1_000);
    assert.equal(socket.closeCode(), 4401);
    await rig.release();
    await socket.say({ type: "ping" });
  });

  test("a store that cannot be read closes those who follow a receipt, within 10 s", async () => {
    const id = await rig.accepted(ann);
    const [following, idle] = [await rig.socket(ann), await rig.socket(ann)];
    await following.say({ type: "subscribe", receipt: id });
    rig.engine.find = () => new Promise(() => {});
    await rig.clock.run(10_000);
    assert.equal(following.closeCode(), 1011);
    assert.equal(idle.closed, undefined);
  });

  test("a server that drains closes all with 1012 and opens none", async () => {
    const socket = await rig.socket(ann);
    const admitted = await rig.upgrade(ann);
    await rig.app.finishWork(1_000);
    assert.equal(socket.closeCode(), 1012);
    assert.ok(admitted.kind === "accepted");
    assert.equal(new FarEnd(rig, admitted.open).closeCode(), 1012);
    assert.deepEqual(refused(await rig.upgrade(ann)), [503, "draining"]);
  });

  test("leaves nothing behind", async () => {
    const id = await rig.accepted(ann);
    const before = rig.clock.pending;
    const socket = await rig.socket(ann);
    await socket.say({ type: "subscribe", receipt: id });
    await socket.say({ type: "subscribe", mine: true });
    assert.equal(rig.clock.pending, before + 1, "one ticker for all");
    socket.session.onClose();
    assert.equal(rig.clock.pending, before);
    const { finds } = rig;
    await rig.release();
    await rig.clock.run(20_000);
    assert.equal(rig.finds, finds);
  });
});
