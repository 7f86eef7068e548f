// Sockets that no process keeps: what each frame is answered, and what it leads to following.
import assert from "node:assert/strict";
import { beforeEach, suite, test } from "node:test";
import { fitted } from "../../src/door/socket/fitted.ts";
import { KeptSocket } from "../support/kept-socket.ts";
import { type Frame, Rig } from "../support/push-rig.ts";

const ann = { authorization: "Bearer ann-token" };
const EXPIRES_MS = 60_000;

let rig: Rig;
let socket: KeptSocket;

beforeEach(async () => {
  rig = new Rig();
  await rig.start(({ token }) => {
    if (token === "bob-token") return { principal: "bob" };
    if (token === "over") return { principal: "ann", expiresAt: rig.clock.now() };
    if (token === "brief") return { principal: "ann", expiresAt: rig.clock.now() + EXPIRES_MS };
    return token === "ann-token" ? { principal: "ann" } : undefined;
  });
  socket = new KeptSocket(rig, { principal: "ann" });
});

const codeOf = (frame: Frame | undefined) => [frame?.type, (frame?.["problem"] as { code?: string })?.code];
const stateOf = (frame: Frame | undefined) => [
  frame?.type,
  (frame?.["receipt"] as { status?: string })?.status,
];

suite("asking for a socket", () => {
  const admit = async (headers: Readonly<Record<string, string>>) =>
    (await rig.app.detached()).admit(
      rig.request("GET", "/", { upgrade: "websocket", "sec-websocket-protocol": "spillway.v1", ...headers }),
    );

  test("names who it is, until when, and the subprotocol", async () => {
    const bearer = `bearer.${Buffer.from("brief").toString("base64url")}`;
    for (const headers of [
      { authorization: "Bearer brief" },
      { "sec-websocket-protocol": `spillway.v1, ${bearer}` },
    ]) {
      assert.deepEqual(await admit(headers), {
        kind: "admitted",
        protocol: "spillway.v1",
        identity: { principal: "ann", expiresAt: rig.clock.now() + EXPIRES_MS },
      });
    }
  });

  const refusals: readonly (readonly [string, Readonly<Record<string, string>>, number])[] = [
    ["without a token", {}, 401],
    ["with one that is unknown", { authorization: "Bearer nobody" }, 401],
    ["with one that has expired", { authorization: "Bearer over" }, 401],
    ["without the subprotocol", { ...ann, "sec-websocket-protocol": "mqtt" }, 400],
    ["from a foreign page", { ...ann, origin: "https://evil.example" }, 403],
  ];
  for (const [how, headers, status] of refusals) {
    test(`${how} is refused with ${status}`, async () => {
      const admission = await admit(headers);
      assert.equal(admission.kind === "refused" && admission.reply.status, status);
    });
  }
});

suite("a frame", () => {
  test("of ping is answered", async () => {
    assert.deepEqual(await socket.only({ type: "ping", ref: 7 }), { type: "pong", ref: 7 });
  });

  test("that is odd is a problem", async () => {
    assert.deepEqual(codeOf(await socket.only("{")), ["problem", "malformed-json"]);
    assert.deepEqual(codeOf(await socket.only({ type: "dance" })), ["problem", "malformed-request"]);
    await (await rig.app.detached()).hearBinary(socket);
    assert.deepEqual(codeOf(socket.take()[0]), ["problem", "malformed-request"]);
  });

  test("that is too large closes the socket", async () => {
    await socket.say(`{"type":"ping","pad":"${" ".repeat(65_536)}"}`);
    assert.equal(socket.isClosed, true);
  });

  test("after the token's time closes the socket and is not answered", async () => {
    socket = new KeptSocket(rig, { principal: "ann", expiresAt: rig.clock.now() });
    assert.deepEqual(await socket.say({ type: "ping" }), []);
    assert.equal(socket.isClosed, true);
  });

  test("with a problem that is too large for a message is cut, and says so", () => {
    const problem = { type: "urn:x", title: "Too much", status: 400, code: "much", log: "x".repeat(200_000) };
    const cut = { type: "urn:x", title: "Too much", status: 400, code: "much" };
    assert.deepEqual(JSON.parse(fitted(JSON.stringify({ type: "problem", ref: 1, problem }))), {
      type: "problem",
      ref: 1,
      problem: cut,
      truncated: true,
    });
    const status = { type: "status", receipt: { id: "i", status: "failed", error: problem } };
    assert.deepEqual(JSON.parse(fitted(JSON.stringify(status))), {
      type: "status",
      receipt: { id: "i", status: "failed", error: cut },
      truncated: true,
    });
    assert.equal(fitted('{"type":"pong"}'), '{"type":"pong"}');
  });
});

suite("subscribing to a receipt", () => {
  test("tells the state now, and leads to following", async () => {
    const id = await rig.accepted(ann);
    const frame = await socket.only({ type: "subscribe", receipt: id, ref: "a" });
    assert.deepEqual([...stateOf(frame), frame["ref"]], ["status", "running", "a"]);
    assert.deepEqual([...socket.following], [id]);
  });

  test("tells the state as it is when it is followed already, so that no change falls in between", async () => {
    const id = await rig.accepted(ann);
    const { follow } = socket;
    socket.follow = async (receipt) => {
      await rig.release();
      return follow.call(socket, receipt);
    };
    assert.deepEqual(stateOf(await socket.only({ type: "subscribe", receipt: id })), ["status", "succeeded"]);
    assert.deepEqual([...socket.following], []);
  });

  test("that is final, another's or none keeps nothing", async () => {
    const id = await rig.accepted(ann);
    const others = await rig.accepted({ authorization: "Bearer bob-token" });
    await rig.release();
    const final = await socket.only({ type: "subscribe", receipt: id, ref: 1 });
    assert.deepEqual([...stateOf(final), final["ref"]], ["status", "succeeded", 1]);
    const [other, none] = [
      await socket.only({ type: "subscribe", receipt: others }),
      await socket.only({ type: "subscribe", receipt: "none" }),
    ];
    assert.deepEqual(codeOf(other), ["problem", "unknown-receipt"]);
    assert.deepEqual({ ...other, receipt: "none" }, none);
    assert.deepEqual([...socket.following], []);
  });

  test("is possible as often as a socket may follow", async () => {
    const ids = [await rig.accepted(ann), await rig.accepted(ann)];
    socket.most = 1;
    await socket.say({ type: "subscribe", receipt: ids[0] });
    const refused = await socket.only({ type: "subscribe", receipt: ids[1] });
    assert.deepEqual([...codeOf(refused), refused["receipt"]], ["problem", "quota-exceeded", ids[1]]);
    assert.deepEqual(stateOf(await socket.only({ type: "subscribe", receipt: ids[0] })), [
      "status",
      "running",
    ]);
  });

  test("ends with an unsubscribe, which is answered in any case", async () => {
    const id = await rig.accepted(ann);
    await socket.say({ type: "subscribe", receipt: id });
    for (const _ of [1, 2]) {
      assert.deepEqual(await socket.only({ type: "unsubscribe", receipt: id }), {
        type: "unsubscribed",
        receipt: id,
      });
    }
    assert.deepEqual([...socket.following], []);
  });

  test("is a problem while the store cannot be read", async () => {
    rig.engine.find = () => Promise.reject(new Error("no table"));
    const frame = await socket.only({ type: "subscribe", receipt: "some" });
    assert.deepEqual([...codeOf(frame), frame["retryAfter"]], ["problem", "storage-unavailable", 1]);
    assert.equal(socket.isClosed, false);
  });
});

suite("subscribing to mine", () => {
  const mine = { type: "subscribe", mine: true };

  test("is kept with its place, and answered to who asks with a ref", async () => {
    assert.deepEqual(await socket.only({ ...mine, ref: "m" }), { type: "subscribed", ref: "m", mine: true });
    assert.deepEqual(await socket.say(mine), []);
    assert.deepEqual(socket.mine, [undefined, undefined]);
    await socket.say({ type: "unsubscribe", mine: true });
    assert.deepEqual(socket.mine, []);
  });

  test("after what is no cursor is a problem, and nothing is kept", async () => {
    assert.deepEqual(codeOf(await socket.only({ ...mine, after: "nonsense" })), [
      "problem",
      "malformed-request",
    ]);
    assert.deepEqual(socket.mine, []);
  });

  test("is forbidden where callers have no names", async () => {
    rig = new Rig();
    await rig.start();
    socket = new KeptSocket(rig, { principal: "" });
    assert.deepEqual(codeOf(await socket.only(mine)), ["problem", "forbidden"]);
  });
});

suite("calling", () => {
  test("answers the output, with the ref", async () => {
    const frame = await socket.only({ type: "call", operation: "echo", input: { n: 1 }, ref: "1" });
    assert.deepEqual(frame, { type: "answer", ref: "1", output: { n: 1 } });
    assert.deepEqual([...socket.following], []);
  });

  test("answers a receipt and follows it", async () => {
    const [receipt, running, ...rest] = await socket.say({ type: "call", operation: "later", input: 1 });
    assert.deepEqual([stateOf(receipt)[0], stateOf(running), rest], ["receipt", ["status", "running"], []]);
    const [followed] = socket.following;
    assert.equal((receipt?.["receipt"] as { id?: string } | undefined)?.id, followed);
  });

  test("tells what became of the receipt until it was followed", async () => {
    const { follow } = socket;
    socket.follow = async (id) => {
      await rig.settle();
      await rig.release("done");
      return follow.call(socket, id);
    };
    const [receipt, last, ...rest] = await socket.say({ type: "call", operation: "later", input: 1 });
    assert.deepEqual([receipt?.type, stateOf(last), rest], ["receipt", ["status", "succeeded"], []]);
    assert.deepEqual([...socket.following], []);
  });

  test("is refused as by HTTP, and by a socket that follows as many as it may", async () => {
    const refused = await socket.only({ type: "call", operation: "none", input: 1, ref: 1 });
    assert.deepEqual([...codeOf(refused), refused["ref"]], ["problem", "unknown-operation", 1]);
    socket.most = 0;
    assert.deepEqual(codeOf(await socket.only({ type: "call", operation: "later", input: 1 })), [
      "problem",
      "quota-exceeded",
    ]);
    assert.equal(rig.running, 0);
  });

  test("whose token expires meanwhile is not answered", async () => {
    socket = new KeptSocket(rig, { principal: "ann", expiresAt: rig.clock.now() + EXPIRES_MS });
    assert.deepEqual(await socket.say({ type: "call", operation: "slow", input: 1 }), []);
    rig.clock.advance(EXPIRES_MS);
    await rig.release();
    assert.deepEqual([socket.take(), socket.isClosed], [[], true]);
  });
});
