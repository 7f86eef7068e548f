// The load generators' texts: what is sent must be what is meant, and what is printed must be read right.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { batchOf, order } from "../../bench/generators/body.ts";
import { replyLength, requestHead } from "../../bench/generators/http.ts";
import { loadOf, scriptOf } from "../../bench/generators/wrk.ts";

const printed = `Running 3s test @ http://127.0.0.1:40001/operations/noop
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.55ms    1.20ms  30.02ms   94.26%
    Req/Sec    42.13k     2.02k   45.99k    73.33%
  Latency Distribution
     50%    1.35ms
     75%    1.60ms
     90%    2.10ms
     99%  812.00us
  125789 requests in 3.00s, 20.27MB read
`;

suite("what wrk prints", () => {
  test("is read with its units", () => {
    assert.deepEqual(loadOf(printed), {
      replies: 125_789,
      seconds: 3,
      failures: 0,
      p50Ms: 1.35,
      p99Ms: 0.812,
    });
  });

  test("counts refusals and broken connections as failures, not as replies", () => {
    const more = `${printed}  Socket errors: connect 1, read 2, write 0, timeout 3\n  Non-2xx or 3xx responses: 89\n`;
    const { replies, failures } = loadOf(more);
    assert.deepEqual([replies, failures], [125_700, 95]);
  });
});

suite("what is sent", () => {
  const url = "http://127.0.0.1:40001/operations/noop";
  const work = { path: "/operations/noop", connections: 64, seconds: 3 };

  test("an order is 199 bytes of JSON, and a batch holds as many as it says", () => {
    assert.equal(Buffer.byteLength(order), 199);
    assert.equal(JSON.parse(order).quantity, 2);
    assert.equal(JSON.parse(batchOf(1_000)).length, 1_000);
  });

  test("a request without a key is put together once", () => {
    assert.doesNotMatch(scriptOf(url, work), /request = function/);
  });

  test("a key is another one in each request, as a header or in the path", () => {
    assert.match(scriptOf(url, { ...work, keyed: true }), /Idempotency-Key: "[\s\S]*before \.\. format\(/);
    const placed = scriptOf(url, { ...work, path: "/orders/{key}/place" });
    assert.match(placed, /local before = "POST \/orders\/"/);
    assert.match(placed, /local after = "\/place HTTP\/1\.1\\r\\n/);
  });

  test("a head names the host and the length of the body in bytes", () => {
    assert.match(
      requestHead("h", "1", "/p", "é"),
      /^POST \/p HTTP\/1\.1\r\nHost: h:1\r\n[\s\S]*Content-Length: 2\r\n$/,
    );
  });

  test("a reply is as long as its head says, and not known before the head is there", () => {
    assert.equal(replyLength("HTTP/1.1 200 OK\r\nContent-Le"), undefined);
    assert.equal(replyLength("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12"), 43);
    assert.equal(replyLength("HTTP/1.1 204 No Content\r\n\r\n"), 27);
  });
});
