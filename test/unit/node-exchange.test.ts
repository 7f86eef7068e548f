// One request, one reply: how bodies are read and refused, which connections go on afterwards, and what a client that
// pipelines, waits for 100, goes away or never reads gets to see.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { RawClient, refused } from "../support/raw-client.ts";
import { LIMIT, type SmallServer, smallServer } from "../support/small-door.ts";

let server: SmallServer;
before(async () => {
  server = await smallServer();
});
after(() => server.close());

const HOST = "Host: localhost\r\n";
const get = (path: string, headers = "") => `GET ${path} HTTP/1.1\r\n${HOST}${headers}\r\n`;
const post = (path: string, headers: string, body = "") =>
  `POST ${path} HTTP/1.1\r\n${HOST}${headers}\r\n${body}`;
const sized = (path: string, body: string) => post(path, `Content-Length: ${body.length}\r\n`, body);
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const moment = () => new Promise((resolve) => setTimeout(resolve, 20));

async function withClient(run: (client: RawClient) => Promise<void>): Promise<void> {
  const client = new RawClient(server.port);
  try {
    await run(client);
  } finally {
    client.destroy();
  }
}

suite("bodies", () => {
  test("one in one piece, one in many, one in chunks, and none", () =>
    withClient(async (client) => {
      assert.equal((await client.send(sized("/echo", "a".repeat(LIMIT))).reply()).body, "a".repeat(LIMIT));
      client.send(post("/echo", "Content-Length: 6\r\n", "ab"));
      await moment();
      client.send("cd");
      await moment();
      assert.equal((await client.send("ef").reply()).body, "abcdef");
      client.send(post("/echo", "Transfer-Encoding: chunked\r\n", `${chunk("ab")}2\r\nc`));
      await moment();
      assert.equal((await client.send("d\r\n0\r\n\r\n").reply()).body, "abcd");
      assert.equal((await client.send(post("/echo", "")).reply()).body, "");
      assert.equal((await client.send(sized("/echo", "")).reply()).body, "");
      assert.equal(
        (await client.send(post("/echo", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n")).reply()).body,
        "",
      );
    }));

  const isTooLarge = async (client: RawClient) => {
    const reply = await client.reply();
    assert.equal(reply.status, 413);
    assert.equal(reply.headers["connection"], "close");
    await client.isOver();
  };

  test("one that announces too much is refused before it is sent", () =>
    withClient((client) => isTooLarge(client.send(post("/echo", "Content-Length: 10000000000\r\n")))));
  test("one that announces too much and is sent at once is refused, too", () =>
    withClient((client) => isTooLarge(client.send(sized("/echo", "a".repeat(LIMIT + 1))))));
  test("one that turns out too large is refused as soon as it does", () =>
    withClient((client) =>
      isTooLarge(client.send(post("/echo", "Transfer-Encoding: chunked\r\n", chunk("a".repeat(LIMIT + 1))))),
    ));
  test("one that turns out too large and is whole by then is refused, too", () =>
    withClient((client) =>
      isTooLarge(
        client.send(
          post("/echo", "Transfer-Encoding: chunked\r\n", `${chunk("a".repeat(LIMIT + 1))}0\r\n\r\n`),
        ),
      ),
    ));

  test("of one that is too large nothing more is read", async () => {
    const client = new RawClient(server.port).send(post("/echo", "Content-Length: 10000000000\r\n"));
    await client.reply();
    const block = "a".repeat(1_000_000);
    for (let sent = 0; sent < 50 && !client.closed; sent++) client.send(block);
    await client.isOver();
    // Loopback takes some megabytes between the two kernels; had the server read on, all would be taken.
    assert.ok(
      client.socket.bytesWritten - client.socket.writableLength < 20_000_000,
      "the rest was not taken",
    );
  });

  test("one that is cut off is reported as such", async () => {
    const before = server.requests.length;
    const client = new RawClient(server.port).send(post("/echo", "Content-Length: 5\r\n", "ab"));
    while (server.requests.length === before) await moment();
    client.destroy();
    await withClient(async (other) => {
      assert.equal((await other.send(sized("/echo", "ok")).reply()).body, "ok");
    });
  });

  test("one with a broken chunk behind its beginning gets one 400", () =>
    withClient(async (client) => {
      client.send(post("/echo", "Transfer-Encoding: chunked\r\n", chunk("ab")));
      await moment();
      await refused(client.send("zz\r\n"), 400, "malformed-request");
    }));

  test("one that nobody reads is skipped when small, and closes the connection when not", () =>
    withClient(async (client) => {
      assert.equal((await client.send(sized("/nothing", "a".repeat(5_000))).reply()).status, 404);
      client.send(post("/nothing", "Content-Length: 4\r\n", "ab"));
      assert.equal((await client.reply()).status, 404);
      assert.equal((await client.send(`cd${sized("/echo", "next")}`).reply()).body, "next");
      const reply = await client.send(post("/nothing", "Content-Length: 100000\r\n", "ab")).reply();
      assert.equal(reply.headers["connection"], "close");
      await client.isOver();
    }));
});

suite("pipelining", () => {
  test("requests sent together are answered in order, on one connection", () =>
    withClient(async (client) => {
      client.send(sized("/echo", "one") + sized("/nothing", "two") + get("/empty") + sized("/echo", "three"));
      assert.equal((await client.reply()).body, "one");
      assert.equal((await client.reply()).status, 404);
      assert.equal((await client.reply()).status, 204);
      assert.equal((await client.reply()).body, "three");
      assert.equal(client.closed, false);
    }));

  test("what is malformed behind a good request is answered after it", async () => {
    const own = await smallServer();
    const client = new RawClient(own.port).send(`${get("/slow")}BROKEN\r\n\r\n`);
    await moment();
    assert.equal(client.rest, "");
    own.release();
    assert.equal((await client.reply()).body, "slow");
    await refused(client, 400, "malformed-request");
    await own.close();
  });

  test("a refusal in the middle ends the connection: what follows is not served", async () => {
    const before = server.requests.length;
    const client = new RawClient(server.port).send(`${get("/x").replace("localhost", "a,b")}${get("/y")}`);
    await refused(client, 400, "malformed-request");
    assert.ok(server.requests.slice(before).every(({ path }) => path !== "/y"));
  });
});

suite("replies", () => {
  test("HEAD has the headers of GET and no body", () =>
    withClient(async (client) => {
      const reply = await client.send(`HEAD /nothing HTTP/1.1\r\n${HOST}\r\n`).reply(true);
      assert.equal(reply.status, 404);
      assert.equal(reply.headers["content-length"], "7");
      assert.equal((await client.send(sized("/echo", "next")).reply()).body, "next");
    }));
  test("HEAD of a stream is only its headers", () =>
    withClient(async (client) => {
      assert.equal((await client.send(`HEAD /endless HTTP/1.1\r\n${HOST}\r\n`).reply(true)).status, 200);
      assert.equal((await client.send(sized("/echo", "next")).reply()).body, "next");
    }));
  test("204 has no Content-Length, every other one has its bytes", () =>
    withClient(async (client) => {
      assert.equal((await client.send(get("/empty")).reply()).headers["content-length"], undefined);
      const large = await client.send(get("/large")).reply();
      assert.equal(large.headers["content-length"], "1000000");
      assert.equal(Buffer.from(large.body, "latin1").toString(), "é".repeat(500_000));
    }));
  test("HTTP/1.0 is answered and closed, or kept where asked", () =>
    withClient(async (client) => {
      client.send(`GET /nothing HTTP/1.0\r\n${HOST}Connection: keep-alive\r\n\r\n`);
      assert.equal((await client.reply()).body, "nothing");
      client.send(`GET /nothing HTTP/1.0\r\n${HOST}\r\n`);
      assert.equal((await client.reply()).body, "nothing");
      await client.isOver();
    }));
  test("what is thrown inside is a 500 without a word of it, and one line in the log", () =>
    withClient(async (client) => {
      for (const path of ["/throws", "/bad-header"]) {
        server.complaints.length = 0;
        const reply = await client.send(get(path)).reply();
        assert.equal(reply.status, 500);
        assert.equal(JSON.parse(reply.body).code, "internal");
        assert.ok(!reply.body.includes("secret") && !reply.body.includes("at "));
        assert.equal(server.complaints.length, 1);
        assert.doesNotMatch(server.complaints[0] ?? "", /[\u0000-\u001f]/);
      }
    }));
});

suite("Expect", () => {
  const expecting = (path: string, length: number) =>
    post(path, `Content-Length: ${length}\r\nExpect: 100-continue\r\n`);

  test("100 is sent when the body is wanted, then the reply", () =>
    withClient(async (client) => {
      assert.equal((await client.send(expecting("/echo", 2)).reply()).status, 100);
      assert.equal((await client.send("ok").reply()).body, "ok");
      assert.equal((await client.send(sized("/echo", "next")).reply()).body, "next");
    }));
  for (const [what, path, length, status] of [
    ["too large", "/echo", LIMIT + 1, 413],
    ["not wanted", "/nothing", 2, 404],
  ] as const) {
    test(`a body that is ${what} is refused without 100, and the connection ends`, () =>
      withClient(async (client) => {
        const reply = await client.send(expecting(path, length)).reply();
        assert.equal(reply.status, status);
        assert.equal(reply.headers["connection"], "close");
        await client.isOver();
      }));
  }
  test("another expectation is ignored", () =>
    withClient(async (client) => {
      assert.equal((await client.send(get("/nothing", "Expect: miracles\r\n")).reply()).status, 404);
    }));
});

suite("streams", () => {
  const open = async (client: RawClient) => {
    const before = server.sinks.length;
    client.send(get("/endless"));
    while (server.sinks.length === before) await moment();
    const sink = server.sinks.at(-1);
    assert.ok(sink);
    return sink;
  };

  test("goes on after its headers, ends, and leaves the connection", () =>
    withClient(async (client) => {
      const sink = await open(client);
      let closes = 0;
      sink.onClose(() => closes++);
      await client.until(() => client.rest.includes("begin"));
      sink.write("more\n");
      await client.until(() => client.rest.includes("more"));
      sink.end();
      sink.end();
      sink.write("too late");
      await client.until(() => client.rest.endsWith("\r\n0\r\n\r\n"));
      assert.equal(closes, 1);
      sink.onClose(() => closes++);
      assert.equal(closes, 2, "told at once, if asked afterwards");
    }));
  test("tells when the peer has gone", async () => {
    const client = new RawClient(server.port);
    const sink = await open(client);
    const closed = new Promise<void>((resolve) => sink.onClose(resolve));
    client.destroy();
    await closed;
    sink.write("nobody is there");
  });
  test("a peer that does not read is cut off at 1 MiB", async () => {
    const client = new RawClient(server.port);
    const sink = await open(client);
    client.socket.pause();
    let closed = false;
    sink.onClose(() => {
      closed = true;
    });
    const block = "x".repeat(65_536);
    for (let written = 0; !closed && written < 1_000; written++) {
      sink.write(block);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(closed);
    client.destroy();
  });
});

suite("the end of listening", () => {
  test("replies in flight are finished, with Connection: close; streams are ended; idle connections are closed", async () => {
    const own = await smallServer();
    const [idle, busy, streaming] = [1, 2, 3].map(() => new RawClient(own.port));
    assert.ok(idle && busy && streaming);
    await idle.send(get("/nothing")).reply();
    busy.send(get("/slow"));
    streaming.send(get("/endless"));
    while (own.requests.length < 3) await moment();
    const closed = own.close();
    await idle.isOver();
    await streaming.until(() => streaming.rest.endsWith("\r\n0\r\n\r\n"));
    own.release();
    const reply = await busy.reply();
    assert.equal(reply.body, "slow");
    assert.equal(reply.headers["connection"], "close");
    await closed;
    const late = new RawClient(own.port);
    await new Promise<void>((resolve) => late.socket.on("close", () => resolve()));
  });
});
