// docs/wire.md §6: bytes that are not HTTP as the contract has it. One answer, then closed, and the server goes on.
import assert from "node:assert/strict";
import { after, afterEach, suite, test } from "node:test";
import { answered, judgeProblem } from "./support/judge.ts";
import { fresh, Lab } from "./support/lab.ts";
import { exchange, parseAnswers, type RawAnswer, RawConnection } from "./support/raw.ts";
import { SECOND, within } from "./support/wait.ts";

const lab = await Lab.start();
const { port } = lab.server;
after(() => lab.stop());
afterEach(async () => answered(await lab.client.call("wide-spill", { tag: fresh() })));

const host = `Host: 127.0.0.1:${port}`;
const tag = fresh("smuggled");
const hidden = JSON.stringify({ tag });
const body = JSON.stringify({ tag: fresh("refused") });
const json = "Content-Type: application/json";
/** A whole request that must never be seen as one when it stands in another's body. */
const smuggled = `POST /operations/wide-spill HTTP/1.1\r\n${host}\r\n${json}\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`;
const post = (lines: readonly string[], rest = body) =>
  [`POST /operations/wide-spill HTTP/1.1`, host, json, ...lines, "", rest].join("\r\n");
const get = (line: string, lines: readonly string[] = [host]) => [line, ...lines, "", ""].join("\r\n");

function judge(answers: readonly RawAnswer[], status: number, code: string): void {
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [status],
    JSON.stringify(answers),
  );
  const [answer] = answers;
  assert.match(answer?.headers["content-type"] ?? "", /^application\/problem\+json\b/);
  assert.match(answer?.headers["connection"] ?? "", /close/i);
  judgeProblem(JSON.parse(answer?.body ?? ""), status, code);
}

const chunked = (chunks: string) => post(["Transfer-Encoding: chunked"], chunks);
const whole = `${body.length.toString(16)}\r\n${body}\r\n`;

const malformed: readonly (readonly [string, string | Uint8Array])[] = [
  [
    "Content-Length and Transfer-Encoding",
    post([`Content-Length: 4`, "Transfer-Encoding: chunked"], `0\r\n\r\n${smuggled}`),
  ],
  [
    "Transfer-Encoding and Content-Length",
    post(["Transfer-Encoding: chunked", `Content-Length: 4`], `0\r\n\r\n${smuggled}`),
  ],
  [
    "two Content-Lengths that differ",
    post(["Content-Length: 0", `Content-Length: ${smuggled.length}`], smuggled),
  ],
  [
    "two Content-Lengths that agree",
    post([`Content-Length: ${body.length}`, `Content-Length: ${body.length}`]),
  ],
  ["a list as Content-Length", post([`Content-Length: ${body.length}, ${body.length}`])],
  ["a negative Content-Length", post(["Content-Length: -1"])],
  ["a signed Content-Length", post([`Content-Length: +${body.length}`])],
  ["a hexadecimal Content-Length", post([`Content-Length: 0x${body.length.toString(16)}`])],
  ["an endless Content-Length", post([`Content-Length: ${"9".repeat(40)}`])],
  ["an empty Content-Length", post(["Content-Length: "])],
  ["Transfer-Encoding: identity", post(["Transfer-Encoding: identity"], "")],
  ["Transfer-Encoding: gzip, chunked", post(["Transfer-Encoding: gzip, chunked"], `${whole}0\r\n\r\n`)],
  ["Transfer-Encoding: chunked, chunked", post(["Transfer-Encoding: chunked, chunked"], `${whole}0\r\n\r\n`)],
  ["Transfer-Encoding: xchunked", post(["Transfer-Encoding: xchunked"], `${whole}0\r\n\r\n`)],
  [
    "Transfer-Encoding: chunked twice",
    post(["Transfer-Encoding: chunked", "Transfer-Encoding: x"], `${whole}0\r\n\r\n`),
  ],
  ["a vertical tab before chunked", post(["Transfer-Encoding: \u000bchunked"], `${whole}0\r\n\r\n`)],
  [
    "a space before the colon of Transfer-Encoding",
    post(["Transfer-Encoding : chunked"], `${whole}0\r\n\r\n`),
  ],
  ["a space before the colon of Content-Length", post([`Content-Length : ${body.length}`])],
  ["a folded header", post([`Content-Length: ${body.length}`, "X-Folded: a", " b"])],
  [
    "a bare LF in the head",
    `POST /operations/wide-spill HTTP/1.1\n${host}\n${json}\nContent-Length: ${body.length}\n\n${body}`,
  ],
  ["a bare LF in one header", post([`X-A: a\nContent-Length: ${body.length}`])],
  ["a bare CR in a header", post([`X-A: a\rContent-Length: ${body.length}`])],
  ["a NUL in a header", post(["X-A: a\u0000b", `Content-Length: ${body.length}`])],
  ["a NUL in a header's name", post(["X-\u0000A: a", `Content-Length: ${body.length}`])],
  ["a header without a colon", post(["nonsense", `Content-Length: ${body.length}`])],
  ["a header without a name", post([": a", `Content-Length: ${body.length}`])],
  ["two Hosts", get("GET /health/live HTTP/1.1", [host, host])],
  ["two different Hosts", get("GET /health/live HTTP/1.1", [host, "Host: evil.example"])],
  ["no Host", get("GET /health/live HTTP/1.1", [])],
  ["a target in absolute form with another authority", get("GET http://evil.example/health/live HTTP/1.1")],
  ["no version", "GET /health/live\r\n\r\n"],
  ["no version and no target", "GET\r\n\r\n"],
  ["HTTP/0.9", get("GET /health/live HTTP/0.9")],
  ["HTTP/1.2x", get("GET /health/live HTTP/1.2x")],
  ["HTTP/2.0 in text", get("GET /health/live HTTP/2.0")],
  ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["a tab in the request line", get("GET\t/health/live\tHTTP/1.1")],
  ["a space in the target", get("GET /health/ live HTTP/1.1")],
  ["a NUL in the target", get("GET /health/\u0000live HTTP/1.1")],
  ["a leading space", ` ${get("GET /health/live HTTP/1.1")}`],
  [
    "a TLS hello",
    new Uint8Array([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03, 0x0d, 0x0a]),
  ],
  ["nonsense", "nonsense\r\n\r\n"],
  ["a chunk that is longer than its size", chunked(`1\r\n${body}\r\n0\r\n\r\n`)],
  ["a chunk's size that overflows", chunked(`ffffffffffffffffff\r\n${body}\r\n0\r\n\r\n`)],
  ["a chunk's size that is negative", chunked(`-1\r\n${body}\r\n0\r\n\r\n`)],
  ["a chunk's size that is no number", chunked(`zz\r\n${body}\r\n0\r\n\r\n`)],
  ["a chunk's size with 0x", chunked(`0x${whole}0\r\n\r\n`)],
  ["a chunk's size that ends in a bare LF", chunked(`${body.length.toString(16)}\n${body}\r\n0\r\n\r\n`)],
];

suite("§6 malformed-request", { concurrency: 8 }, () => {
  for (const [name, data] of malformed) {
    test(`§6 ${name} gets exactly one 400, and the connection is closed`, async () => {
      const { answers } = await exchange(port, data);
      judge(answers, 400, "malformed-request");
    });
  }

  test("§6 what stood in another request's body was never run", async () => {
    assert.deepEqual(await lab.runs(tag), []);
  });

  test("§6 a request after a malformed one on the same connection is not answered", async () => {
    const next = get("GET /health/live HTTP/1.1");
    const { answers } = await exchange(
      port,
      post(["Content-Length: 1", "Transfer-Encoding: chunked"], "0\r\n\r\n") + next,
    );
    judge(answers, 400, "malformed-request");
  });
});

suite("§6 sizes", { concurrency: 8 }, () => {
  test("§6 headers over 16 KiB are 431", async () => {
    const { answers } = await exchange(
      port,
      get("GET /health/live HTTP/1.1", [host, `X-A: ${"a".repeat(17_000)}`]),
    );
    judge(answers, 431, "headers-too-large");
  });

  test("§6 more than 2,000 headers are 431, of an upgrade too", async () => {
    const many = Array.from({ length: 2_100 }, (_, index) => `A${index}:`);
    judge(
      (await exchange(port, get("GET /health/live HTTP/1.1", [host, ...many]))).answers,
      431,
      "headers-too-large",
    );
    const upgrade = ["Connection: upgrade", "Upgrade: websocket", "Sec-WebSocket-Protocol: spillway.v1"];
    const { answers } = await exchange(port, get("GET /socket HTTP/1.1", [host, ...upgrade, ...many]));
    judge(answers, 431, "headers-too-large");
  });

  test("§6 a URL over 16 KiB is 414, or 431", async () => {
    const { answers } = await exchange(port, get(`GET /${"a".repeat(17_000)} HTTP/1.1`));
    if (answers[0]?.status === 431) judge(answers, 431, "headers-too-large");
    else judge(answers, 414, "uri-too-long");
  });

  test("§6 headers of 15 KiB are read", async () => {
    const lines = [host, `X-A: ${"a".repeat(15_000)}`, "Connection: close"];
    const { answers } = await exchange(port, get("GET /health/live HTTP/1.1", lines));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200],
    );
  });

  test("§6 a Content-Length of 10 GB is 413 before a byte of the body is read", async () => {
    for (const operation of ["wide-request", "wide-event", "wide-spill", "wide-event/batch"]) {
      const head = [
        `POST /operations/${operation} HTTP/1.1`,
        host,
        json,
        "Content-Length: 10000000000",
        "",
        "",
      ];
      const { answers, tookMs } = await exchange(port, head.join("\r\n"));
      judge(answers, 413, "too-large");
      assert.ok(tookMs < 2_000, `${tookMs} ms`);
    }
  });

  test("§6 a chunked body over the limit is 413 without reading on", async () => {
    const connection = await RawConnection.open(port);
    connection.write(post(["Transfer-Encoding: chunked"], ""));
    const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
    for (let sent = 0; sent < 16 && connection.open; sent++) connection.write(chunk);
    await within("the connection is closed", connection.closed, 8 * SECOND);
    const answers = parseAnswers(connection.received);
    judge(answers, 413, "too-large");
  });

  test("§6 a client that asks first (Expect: 100-continue) is told 413 instead of to go on", async () => {
    const { answers } = await exchange(port, post(["Content-Length: 10000000", "Expect: 100-continue"], ""));
    judge(answers, 413, "too-large");
  });
});

suite("§6 what is HTTP", { concurrency: 8 }, () => {
  const close = "Connection: close";
  const fine: readonly (readonly [string, string])[] = [
    ["a chunked body", post(["Transfer-Encoding: chunked", close], `${whole}0\r\n\r\n`)],
    [
      "a chunked body in many chunks",
      post(
        ["Transfer-Encoding: chunked", close],
        `${[...body].map((c) => `1\r\n${c}\r\n`).join("")}0\r\n\r\n`,
      ),
    ],
    ["a header in any case", post([`content-LENGTH: ${body.length}`, close])],
    [
      "a target in absolute form with our own authority",
      get(`GET http://127.0.0.1:${port}/health/live HTTP/1.1`, [host, close]),
    ],
    ["a leading empty line", `\r\n${get("GET /health/live HTTP/1.1", [host, close])}`],
  ];
  for (const [name, data] of fine) {
    test(`§6 ${name} is answered`, async () => {
      const { answers } = await exchange(port, data);
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200],
      );
    });
  }

  test("§6 requests sent one after another without waiting are answered in their order", async () => {
    const one = get("GET /health/live HTTP/1.1");
    const two = get("GET /nothing HTTP/1.1");
    const three = get("GET /health/ready HTTP/1.1", [host, close]);
    const { answers } = await exchange(port, one + two + three);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 404, 200],
    );
  });
});
