// docs/wire.md §3: odd frames, their size, and the end of a socket.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { accepted, answered, finalReceipt } from "./support/judge.ts";
import { fresh, Lab } from "./support/lab.ts";
import { startApp } from "./support/server.ts";
import { onSocket, openSocket, problemIn, type SocketWork } from "./support/socket.ts";
import { SECOND, times, until } from "./support/wait.ts";

const lab = await Lab.start();
const { server } = lab;
after(() => lab.stop());

const withSocket = (work: SocketWork) => onSocket(server.port, work);

suite("§3 odd frames", { concurrency: 8 }, () => {
  const odd: readonly (readonly [unknown, string])[] = [
    ...["", "x", "{", '{"type":"ping","type":"ping"}', '{"type":"ping","ref":1e999}', '{"__proto__":1}'].map(
      (text) => [text, "malformed-json"] as const,
    ),
    ...[
      "null",
      "7",
      "[]",
      "{}",
      '{"type":7}',
      '{"type":"dance"}',
      '{"type":"subscribe"}',
      '{"type":"call"}',
    ].map((text) => [text, "malformed-request"] as const),
    [{ type: "subscribe", receipt: 7 }, "malformed-request"],
    [{ type: "call", operation: 7, input: {} }, "malformed-request"],
    [{ type: "unsubscribe" }, "malformed-request"],
  ];
  for (const [frame, code] of odd) {
    test(`§3 ${typeof frame === "string" ? frame : JSON.stringify(frame)} is a problem, and the socket stays open`, () =>
      withSocket(async (socket) => {
        socket.send(frame);
        problemIn(await socket.when("a problem", ({ type }) => type === "problem"), 400, code);
        assert.equal((await socket.ask({ type: "ping" })).type, "pong");
      }));
  }

  test("§3 a binary frame is a problem, and the socket stays open", () =>
    withSocket(async (socket) => {
      socket.socket.send(Buffer.from('{"type":"ping"}'), { binary: true });
      problemIn(await socket.when("a problem", ({ type }) => type === "problem"), 400, "malformed-request");
      assert.equal((await socket.ask({ type: "ping" })).type, "pong");
    }));

  test("§3 a ref is echoed, be it a number or a string", () =>
    withSocket(async (socket) => {
      for (const ref of [0, 7.5, "", "r", "x".repeat(256)]) {
        socket.send({ type: "ping", ref });
        await socket.when(`with ref ${ref}`, (frame) => frame.type === "pong" && frame.ref === ref);
      }
    }));

  test("§3 a problem carries the ref of its frame", () =>
    withSocket(async (socket) => {
      problemIn(await socket.ask({ type: "dance" }), 400, "malformed-request");
    }));

  test("§3 a frame of 64 KiB is read, and a larger one closes the socket with 1009", () =>
    withSocket(async (socket) => {
      const frame = (length: number) => {
        const start = '{"type":"ping","filler":"';
        return `${start}${"x".repeat(length - start.length - 2)}"}`;
      };
      socket.send(frame(65_536));
      await socket.when("pong", ({ type }) => type === "pong");
      socket.send(frame(65_537));
      assert.equal(await socket.closeCode(), 1009);
    }));

  test("§3 a client that reads too slowly is closed, and the others are served", () =>
    withSocket(async (socket) => {
      const { id } = accepted(await lab.act("wide-event", fresh(), ["bulky"]));
      await finalReceipt(server.client, id);
      socket.socket.pause();
      const subscribe = JSON.stringify({ type: "subscribe", receipt: id });
      // One by one, each with a call between: asked for together, they would be answered together.
      for (const _ of times(400)) {
        socket.send(subscribe);
        answered(await lab.act("wide-spill", fresh(), ["ok"]));
      }
      const end = performance.now() + 10 * SECOND;
      await until(
        "a push has waited longer than 8 s",
        async () => {
          answered(await lab.act("wide-spill", fresh(), ["ok"]));
          return performance.now() > end;
        },
        15 * SECOND,
      );
      socket.socket.resume();
      // 1013, or cut off: the close frame stands behind all that was not read.
      const code = await socket.closeCode();
      assert.ok(code === 1013 || code === 1006, `${code}`);
    }));

  test("§3 the server pings within 30 s, and whoever answers stays", () =>
    withSocket(async (socket) => {
      let pings = 0;
      socket.socket.on("ping", () => {
        pings++;
      });
      await until("a ping", () => pings > 0, 33 * SECOND);
      assert.equal((await socket.ask({ type: "ping" })).type, "pong");
    }));

  test("§3 a server that drains closes with 1012", async () => {
    const other = await startApp("lab");
    try {
      const socket = await openSocket(other.port);
      other.signal("SIGTERM");
      assert.equal(await socket.closeCode(), 1012);
      assert.deepEqual(await other.exited, { code: 0, signal: null });
    } finally {
      await other.stop();
    }
  });
});
