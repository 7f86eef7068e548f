// docs/wire.md §6, the row of 408, and what else a peer cannot draw out: idle connections and replies that are not
// read. All at once, since each of them takes its seconds.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { RawClient, refused } from "../support/raw-client.ts";
import { type SmallServer, smallServer } from "../support/small-door.ts";

let server: SmallServer;
before(async () => {
  server = await smallServer();
});
after(() => server.close());

const HOST = "Host: localhost\r\n";

async function lasts(fromMs: number, toMs: number, run: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await run();
  const took = performance.now() - start;
  assert.ok(took >= fromMs && took <= toMs, `took ${Math.round(took)} ms, not ${fromMs} to ${toMs}`);
}

suite("time", { concurrency: true }, () => {
  test("a connection that says nothing: 408 after 2 s", () =>
    lasts(1_900, 5_000, () => refused(new RawClient(server.port), 408, "request-timeout")));

  test("headers that do not end: 408 after 2 s", () =>
    lasts(1_900, 5_000, () =>
      refused(new RawClient(server.port).send(`GET / HTTP/1.1\r\n${HOST}`), 408, "request-timeout"),
    ));

  test("headers that trickle: 408 after 2 s all the same", () =>
    lasts(1_900, 5_000, async () => {
      const client = new RawClient(server.port).send(`GET / HTTP/1.1\r\n${HOST}X: `);
      const trickle = setInterval(() => client.send("a"), 100);
      await refused(client, 408, "request-timeout");
      clearInterval(trickle);
    }));

  test("headers that do not end on a connection that was used before: 408 after 2 s", async () => {
    const client = new RawClient(server.port).send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
    await client.reply();
    await lasts(1_900, 5_000, () => refused(client.send("GET / HTTP/1.1\r\n"), 408, "request-timeout"));
  });

  test("a second request that does not end waits for the first one's reply", async () => {
    const own = await smallServer();
    const client = new RawClient(own.port).send(`GET /slow HTTP/1.1\r\n${HOST}\r\nGET /`);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    assert.equal(client.rest, "");
    own.release();
    assert.equal((await client.reply()).body, "slow");
    await refused(client, 408, "request-timeout");
    await own.close();
  });

  for (const [what, headers, start] of [
    ["announced", "Content-Length: 5\r\n", ""],
    ["begun", "Content-Length: 5\r\n", "ab"],
    ["chunked", "Transfer-Encoding: chunked\r\n", "2\r\nab\r\n"],
  ] as const) {
    test(`a body that stops when it is ${what}: 408 after 5 s`, () =>
      lasts(4_700, 8_000, async () => {
        const client = new RawClient(server.port).send(
          `POST /echo HTTP/1.1\r\n${HOST}${headers}\r\n${start}`,
        );
        const reply = await client.reply();
        assert.equal(reply.status, 408);
        assert.equal(reply.headers["connection"], "close");
        await client.isOver();
      }));
  }

  test("a body that trickles is waited for", () =>
    lasts(5_900, 9_000, async () => {
      const client = new RawClient(server.port).send(
        `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\n`,
      );
      for (const byte of "abcd") {
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        client.send(byte);
      }
      assert.equal((await client.reply()).body, "abcd");
      client.destroy();
    }));

  test("an idle connection is closed after 5 s, without a reply", async () => {
    const client = new RawClient(server.port).send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
    const reply = await client.reply();
    assert.equal(reply.headers["keep-alive"], "timeout=4");
    await lasts(3_900, 8_000, () => client.isOver());
  });

  test("an idle connection whose unread body never came is closed, too", async () => {
    const client = new RawClient(server.port).send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\n`);
    assert.equal((await client.reply()).status, 404);
    await lasts(3_900, 8_000, () => client.isOver());
  });

  test("a connection in use is not closed for waiting on its reply", async () => {
    const own = await smallServer();
    const client = new RawClient(own.port).send(`GET /slow HTTP/1.1\r\n${HOST}\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 8_000));
    assert.equal(client.closed, false);
    own.release();
    assert.equal((await client.reply()).body, "slow");
    client.destroy();
    await own.close();
  });

  test("a peer that does not read its stream is cut off after 10 s", async () => {
    const before = server.sinks.length;
    const client = new RawClient(server.port).send(`GET /endless HTTP/1.1\r\n${HOST}\r\n`);
    while (server.sinks.length === before) await new Promise((resolve) => setTimeout(resolve, 10));
    client.socket.pause();
    const sink = server.sinks.at(-1);
    assert.ok(sink);
    const start = performance.now();
    const closed = new Promise<void>((resolve) => sink.onClose(resolve));
    let over = false;
    void closed.then(() => {
      over = true;
    });
    // Until the two kernels take no more; then a little every second.
    for (let written = 0; written < 170; written++) {
      sink.write("x".repeat(40_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    while (!over) {
      sink.write("x");
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    assert.ok(performance.now() - start < 17_000);
    client.destroy();
  });

  test("a peer that never reads its large replies is cut off", async () => {
    const client = new RawClient(server.port);
    client.socket.pause();
    client.send(`GET /large HTTP/1.1\r\n${HOST}\r\n`.repeat(40));
    const start = performance.now();
    const before = client.socket.bytesRead;
    // Paused, the client would not see the end; a write into the void does.
    while (!client.closed && performance.now() - start < 20_000) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      client.send("GET");
    }
    assert.ok(client.closed, `still open after reading ${client.socket.bytesRead - before} bytes`);
  });
});
