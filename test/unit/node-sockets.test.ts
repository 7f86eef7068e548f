// WebSockets between the door's sessions and real clients: the handshake and its refusals, frames that are too large
// or no text, pings, and closing against a client that does not answer.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, afterEach, before, suite, test } from "node:test";
import { WebSocket } from "ws";
import { hostRuleOf } from "../../src/node/framing.ts";
import { CLOSE_MS, PING_MS } from "../../src/node/limits.ts";
import { Sockets } from "../../src/node/sockets.ts";
import { Turns } from "../../src/node/turns.ts";
import { onUpgrade } from "../../src/node/upgrade.ts";
import { RawClient, refused } from "../support/raw-client.ts";
import { emptyState, type SmallServer, smallDoor, smallServer } from "../support/small-door.ts";

let server: SmallServer;
before(async () => {
  server = await smallServer();
});
after(() => server.close());

const url = (path = "/socket") => `ws://127.0.0.1:${server.port}${path}`;

async function opened(): Promise<WebSocket> {
  const socket = new WebSocket(url(), ["spillway.v1", "other"]);
  await once(socket, "open");
  return socket;
}

async function said(socket: WebSocket, frame: string | Uint8Array): Promise<string> {
  socket.send(frame);
  const [answer] = await once(socket, "message");
  return String(answer);
}

async function closeCode(socket: WebSocket): Promise<number> {
  const [code] = await once(socket, "close");
  return code;
}

afterEach(async () => {
  const socket = await opened();
  assert.equal(await said(socket, "still here"), "heard still here");
  socket.close();
  await once(socket, "close");
});

suite("the handshake", () => {
  const upgrade = (more: string, path = "/socket") =>
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${more}\r\n`;
  const key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
  const version = "Sec-WebSocket-Version: 13\r\n";
  const client = (bytes: string) => new RawClient(server.port).send(bytes);

  test("chooses the door's protocol, and no compression", async () => {
    const socket = await opened();
    assert.equal(socket.protocol, "spillway.v1");
    assert.equal(socket.extensions, "");
    socket.close();
    await once(socket, "close");
  });
  test("the door's refusal is an ordinary reply, then closed", async () => {
    const raw = client(upgrade(key + version, "/elsewhere"));
    const reply = await raw.reply();
    assert.equal(reply.status, 404);
    assert.equal(reply.body, "no socket");
    assert.equal(reply.headers["connection"], "close");
    await raw.isOver();
  });
  test("a door that throws is a 500 without a word of it", async () => {
    const reply = await refused(client(upgrade(key + version, "/throws")), 500, "internal");
    assert.ok(!reply.body.includes("secret"));
    assert.equal(server.complaints.length, 1);
  });
  test("another version is told the right one", async () => {
    const reply = await refused(
      client(upgrade(`${key}Sec-WebSocket-Version: 7\r\n`)),
      426,
      "upgrade-required",
    );
    assert.equal(reply.headers["sec-websocket-version"], "13");
  });
  for (const [what, headers] of [
    ["no key", version],
    ["a key that is none", `Sec-WebSocket-Key: short\r\n${version}`],
    ["protocols that are none", `${key}${version}Sec-WebSocket-Protocol: a,,b\r\n`],
  ] as const) {
    test(`${what}: one 400, then closed`, async () => {
      await refused(client(upgrade(headers)), 400, "malformed-request");
    });
  }
  test("no Host: one 400, then closed", async () => {
    await refused(
      client(upgrade(key + version).replace("Host: localhost\r\n", "")),
      400,
      "malformed-request",
    );
  });
  test("a client that goes away in the middle harms nothing", async () => {
    for (let count = 0; count < 20; count++) client(upgrade(key + version)).destroy();
    const raw = client(upgrade(key + version));
    await raw.until(() => raw.rest.includes(" 101 "));
    raw.destroy();
  });
  test("a frame that came with the handshake is heard", async () => {
    const raw = client(`${upgrade(key + version)}\x81\x82\0\0\0\0hi`);
    await raw.until(() => raw.rest.endsWith("heard hi"));
    raw.destroy();
  });
});

suite("frames", () => {
  test("text goes to the session, and what is no text is reported to it", async () => {
    const socket = await opened();
    assert.equal(await said(socket, "Grüße"), "heard Grüße");
    assert.equal(await said(socket, new Uint8Array([1, 2])), "binary");
    socket.close();
    await once(socket, "close");
  });
  test("64 KiB is heard, one byte more closes with 1009", async () => {
    const socket = await opened();
    assert.equal((await said(socket, "x".repeat(65_536))).length, "heard ".length + 65_536);
    socket.send("x".repeat(65_537));
    assert.equal(await closeCode(socket), 1009);
  });
  test("text that is no UTF-8 closes with 1007", async () => {
    const socket = await opened();
    socket.send(new Uint8Array([0xc3, 0x28]), { binary: false });
    assert.equal(await closeCode(socket), 1007);
  });
  test("a session that throws closes with 1011, without a word of it", async () => {
    server.complaints.length = 0;
    const socket = await opened();
    socket.send("throw");
    const [code, reason] = await once(socket, "close");
    assert.equal(code, 1011);
    assert.ok(!String(reason).includes("secret"));
    assert.equal(server.complaints.length, 1);
  });
  test("the session hears of the end, and the door can close", async () => {
    const socket = await opened();
    server.heard.length = 0;
    server.peers.at(-1)?.close(4401, "expired");
    const [code, reason] = await once(socket, "close");
    assert.deepEqual([code, String(reason)], [4401, "expired"]);
    while (!server.heard.includes("closed")) await new Promise((resolve) => setTimeout(resolve, 5));
    server.peers.at(-1)?.send("too late");
    server.peers.at(-1)?.close(1000, "again");
  });
  test("what a client does not read is counted", async () => {
    const socket = await opened();
    socket.pause();
    const peer = server.peers.at(-1);
    assert.ok(peer);
    assert.equal(peer.buffered, 0);
    for (let count = 0; count < 1_000 && peer.buffered < 1_048_576; count++) {
      peer.send("x".repeat(65_536));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(peer.buffered >= 1_048_576);
    peer.close(1013, "too slow");
    socket.resume();
    assert.equal(await closeCode(socket), 1013);
  });
  test("the end of listening closes with 1012", async () => {
    const own = await smallServer();
    const socket = new WebSocket(`ws://127.0.0.1:${own.port}/socket`, ["spillway.v1"]);
    await once(socket, "open");
    const closed = own.close();
    assert.equal(await closeCode(socket), 1012);
    await closed;
  });
});

suite("time", () => {
  /** A server whose time the test passes. */
  async function ticking() {
    const state = emptyState();
    const site = {
      door: smallDoor(state, Promise.resolve()),
      hostRule: hostRuleOf(undefined, true),
      complain: (line: string) => state.complaints.push(line),
      turns: new Turns(),
      sinks: new Set<never>(),
      stopping: false,
    };
    const sockets = new Sockets(site);
    const http = createServer().on("upgrade", onUpgrade(site, sockets));
    await once(http.listen(0, "127.0.0.1"), "listening");
    const { port } = http.address() as AddressInfo;
    return {
      state,
      open: async (autoPong: boolean) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`, ["spillway.v1"], { autoPong });
        await once(socket, "open");
        return socket;
      },
      pass: sockets.tick,
      close: () => http.close(),
    };
  }

  test("pinged every 30 s, kept while it answers, dropped after two missed", async () => {
    const own = await ticking();
    const answering = await own.open(true);
    const silent = await own.open(false);
    let dropped = false;
    silent.on("close", () => {
      dropped = true;
    });
    for (let round = 0; round < 3; round++) {
      assert.equal(dropped, false, `after ${round} rounds`);
      const pinged = once(answering, "ping");
      own.pass(PING_MS);
      await pinged;
      // Answered, and the answer heard.
      assert.equal(await said(answering, "sync"), "heard sync");
    }
    if (!dropped) await once(silent, "close");
    assert.equal(answering.readyState, WebSocket.OPEN);
    answering.terminate();
    own.close();
  });

  test("a close that is not answered ends the connection after 5 s", async () => {
    const own = await ticking();
    const socket = await own.open(true);
    socket.pause();
    own.state.peers[0]?.close(1013, "too slow");
    own.pass(CLOSE_MS);
    assert.ok(!own.state.heard.includes("closed"));
    own.pass(1);
    while (!own.state.heard.includes("closed")) await new Promise((resolve) => setTimeout(resolve, 5));
    socket.terminate();
    own.close();
  });
});
