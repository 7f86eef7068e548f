// docs/wire.md §6 at the level of bytes: what is malformed, too large or for another host gets exactly one reply with
// its code, the connection ends, and the server goes on.
import assert from "node:assert/strict";
import { after, afterEach, before, suite, test } from "node:test";
import { RawClient, refused } from "../support/raw-client.ts";
import { type SmallServer, smallServer } from "../support/small-door.ts";

let server: SmallServer;
before(async () => {
  server = await smallServer();
});
after(() => server.close());

async function isHealthy(): Promise<void> {
  const client = new RawClient(server.port).send(
    "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok",
  );
  const reply = await client.reply();
  assert.equal(reply.status, 200);
  assert.equal(reply.body, "ok");
  client.destroy();
}

afterEach(isHealthy);

const HOST = "Host: localhost\r\n";
const post = (headers: string, body = "") => `POST /echo HTTP/1.1\r\n${HOST}${headers}\r\n${body}`;

const malformed: readonly (readonly [what: string, bytes: string])[] = [
  ["no HTTP at all", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n"],
  ["a request line without a version", "GET /echo\r\n\r\n"],
  ["a request line without a version, with headers", `GET /echo\r\n${HOST}\r\n`],
  ["the version 0.9", `GET /echo HTTP/0.9\r\n${HOST}\r\n`],
  ["the version 2.0", `GET /echo HTTP/2.0\r\n${HOST}\r\n`],
  ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["an unknown method", `FROB /echo HTTP/1.1\r\n${HOST}\r\n`],
  ["no Host", "GET /echo HTTP/1.1\r\n\r\n"],
  ["no Host in HTTP/1.0", "GET /echo HTTP/1.0\r\n\r\n"],
  ["an empty Host", "GET /echo HTTP/1.1\r\nHost: \r\n\r\n"],
  ["two Hosts", `GET /echo HTTP/1.1\r\n${HOST}Host: other\r\n\r\n`],
  ["two equal Hosts", `GET /echo HTTP/1.1\r\n${HOST}${HOST}\r\n`],
  ["a Host with a path", "GET /echo HTTP/1.1\r\nHost: localhost/x\r\n\r\n"],
  ["a Host with user information", "GET /echo HTTP/1.1\r\nHost: a@localhost\r\n\r\n"],
  ["absolute-form for another authority", `GET http://other.example/echo HTTP/1.1\r\n${HOST}\r\n`],
  ["absolute-form for another port", `GET http://localhost:1/echo HTTP/1.1\r\n${HOST}\r\n`],
  [
    "Content-Length and Transfer-Encoding",
    post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
  ],
  [
    "Transfer-Encoding and Content-Length",
    post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"),
  ],
  ["two Content-Lengths", post("Content-Length: 3\r\nContent-Length: 4\r\n", "abc")],
  ["two equal Content-Lengths", post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc")],
  ["a Content-Length with a sign", post("Content-Length: +3\r\n", "abc")],
  ["a negative Content-Length", post("Content-Length: -3\r\n", "abc")],
  ["a list as Content-Length", post("Content-Length: 3, 3\r\n", "abc")],
  ["a Content-Length beyond 64 bits", post("Content-Length: 99999999999999999999999\r\n", "abc")],
  ["an unknown Transfer-Encoding", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")],
  ["chunked before another coding", post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")],
  ["a Transfer-Encoding with a vertical tab", post("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n")],
  ["a space before the colon", post("Content-Length : 3\r\n", "abc")],
  ["a folded header", post("X-A: a\r\n b\r\n")],
  ["a bare CR in a header", post("X-A: a\rb\r\n")],
  ["a NUL in a header", post("X-A: a\0b\r\n")],
  ["a header without a colon", post("X-A\r\n")],
  ["a bare LF after the request line", `GET /echo HTTP/1.1\n${HOST}\r\n`],
  ["a bare LF after a header", "GET /echo HTTP/1.1\r\nHost: localhost\n\r\n"],
  ["a control character in the URL", `GET /ec\x01ho HTTP/1.1\r\n${HOST}\r\n`],
  ["a chunk length that is no number", post("Transfer-Encoding: chunked\r\n", "zz\r\nabc\r\n0\r\n\r\n")],
  [
    "a chunk length beyond 64 bits",
    post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
  ],
  ["a chunk longer than it says", post("Transfer-Encoding: chunked\r\n", "2\r\nabcd\r\n0\r\n\r\n")],
  ["chunk lines that end in LF", post("Transfer-Encoding: chunked\r\n", "3\nabc\n0\n\n")],
];

suite("malformed requests", { concurrency: true }, () => {
  for (const [what, bytes] of malformed) {
    test(`${what}: one 400, then closed`, async () => {
      await refused(new RawClient(server.port).send(bytes), 400, "malformed-request");
    });
    test(`${what}, byte by byte`, async () => {
      const client = new RawClient(server.port);
      for (const byte of bytes) {
        if (client.closed) break;
        client.send(byte);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await refused(client, 400, "malformed-request");
    });
  }
});

suite("sizes", () => {
  const get = (path: string, headers = "") => `GET ${path} HTTP/1.1\r\n${HOST}${headers}\r\n`;
  const long = (bytes: number) => "x".repeat(bytes);

  test("a URL of 16 KiB is looked at", async () => {
    const client = new RawClient(server.port).send(get(`/${long(16_383)}`));
    assert.equal((await client.reply()).status, 404);
    client.destroy();
  });
  for (const bytes of [16_384, 40_000, 60_000, 500_000]) {
    test(`a URL of ${bytes + 1} bytes: 414`, async () => {
      await refused(new RawClient(server.port).send(get(`/${long(bytes)}`)), 414, "uri-too-long");
    });
  }
  test("headers of just under 16 KiB are looked at", async () => {
    const client = new RawClient(server.port).send(get("/", `X-A: ${long(16_000)}\r\n`));
    assert.equal((await client.reply()).status, 404);
    client.destroy();
  });
  for (const bytes of [16_384, 40_000, 60_000, 500_000]) {
    test(`a header of ${bytes} bytes: 431`, async () => {
      await refused(
        new RawClient(server.port).send(get("/", `X-A: ${long(bytes)}\r\n`)),
        431,
        "headers-too-large",
      );
    });
  }
  test("2,001 headers: 431", async () => {
    const headers = "a:\r\n".repeat(2_000);
    await refused(new RawClient(server.port).send(get("/", headers)), 431, "headers-too-large");
  });
  test("2,000 headers are looked at", async () => {
    const client = new RawClient(server.port).send(get("/", "a:\r\n".repeat(1_999)));
    assert.equal((await client.reply()).status, 404);
    client.destroy();
  });
  test("2,001 headers on an upgrade: 431", async () => {
    const headers = `Connection: Upgrade\r\nUpgrade: websocket\r\n${"a:\r\n".repeat(2_000)}`;
    await refused(new RawClient(server.port).send(get("/socket", headers)), 431, "headers-too-large");
  });
});

suite("hosts", () => {
  const from = async (port: number, host: string) => {
    const client = new RawClient(port).send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    const reply = await client.reply();
    client.destroy();
    return reply.status === 421 ? JSON.parse(reply.body).code : reply.status;
  };

  for (const host of ["localhost", "LOCALHOST:3000", "127.0.0.1", "127.8.8.8:1", "[::1]", "[::1]:3000"]) {
    test(`bound to loopback, ${host} is answered`, async () => {
      assert.equal(await from(server.port, host), 404);
    });
  }
  for (const host of [
    "example.com",
    "localhost.example.com",
    "127.0.0.1.example.com",
    "10.0.0.1",
    "[::2]",
    "0x7f.1",
  ]) {
    test(`bound to loopback, ${host} is not`, async () => {
      assert.equal(await from(server.port, host), "wrong-host");
    });
  }
  test("bound to loopback, an upgrade for another host is refused", async () => {
    const client = new RawClient(server.port).send(
      "GET /socket HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    );
    await refused(client, 421, "wrong-host");
  });
  test("only the configured hosts are answered, with any port or with their own", async () => {
    const other = await smallServer(["Shop.example", "api.example:8080"]);
    try {
      assert.equal(await from(other.port, "shop.example"), 404);
      assert.equal(await from(other.port, "SHOP.example:81"), 404);
      assert.equal(await from(other.port, "api.example:8080"), 404);
      assert.equal(await from(other.port, "api.example"), "wrong-host");
      assert.equal(await from(other.port, "localhost"), "wrong-host");
    } finally {
      await other.close();
    }
  });
  test("bound elsewhere with no hosts configured, any is answered", async () => {
    const other = await smallServer(undefined, false);
    try {
      assert.equal(await from(other.port, "shop.example"), 404);
    } finally {
      await other.close();
    }
  });
});

suite("targets", () => {
  test("absolute-form for the Host's own authority is the path in it", async () => {
    const client = new RawClient(server.port);
    for (const [target, path, query] of [
      ["http://LOCALHOST/a/b?c=d?e", "/a/b", "c=d?e"],
      ["http://localhost?x", "/", "x"],
      ["http://localhost", "/", ""],
      ["/a%2Fb?", "/a%2Fb", ""],
    ] as const) {
      await client.send(`GET ${target} HTTP/1.1\r\n${HOST}\r\n`).reply();
      const request = server.requests.at(-1);
      assert.equal(request?.path, path);
      assert.equal(request?.query, query);
      assert.equal(request?.fromLoopback, true);
    }
    client.destroy();
  });
  test("repeated headers arrive joined", async () => {
    const client = new RawClient(server.port);
    await client
      .send(`GET / HTTP/1.1\r\n${HOST}Authorization: a\r\nAuthorization: b\r\nPrefer: c\r\nPrefer: d\r\n\r\n`)
      .reply();
    assert.equal(server.requests.at(-1)?.headers["authorization"], "a, b");
    assert.equal(server.requests.at(-1)?.headers["prefer"], "c, d");
    client.destroy();
  });
  test("CONNECT: one plain 405, then closed", async () => {
    const client = new RawClient(server.port).send(
      `CONNECT localhost:22 HTTP/1.1\r\nHost: localhost:22\r\n\r\n`,
    );
    const reply = await refused(client, 405, "method-not-allowed");
    assert.ok(reply.headers["allow"]);
  });
});
