// docs/wire.md §6: how long the server waits for a client.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { answered, judgeProblem, refused } from "./support/judge.ts";
import { fresh, Lab } from "./support/lab.ts";
import { exchange, parseAnswers, RawConnection } from "./support/raw.ts";
import { SECOND, times, until, within } from "./support/wait.ts";

const lab = await Lab.start();
const { port } = lab.server;
after(() => lab.stop());

const host = `Host: 127.0.0.1:${port}`;
const head = `POST /operations/wide-spill HTTP/1.1\r\n${host}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n`;

async function timesOut(data: string, afterMs: number): Promise<void> {
  const { answers, tookMs } = await exchange(port, data);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [408],
  );
  judgeProblem(JSON.parse(answers[0]?.body ?? ""), 408, "request-timeout");
  assert.ok(tookMs > afterMs - 500 && tookMs < afterMs + 3_000, `${Math.round(tookMs)} ms`);
}

suite("§6 request-timeout", { concurrency: 12 }, () => {
  test("§6 headers that are not there after 2 s are 408", () =>
    timesOut(`GET /health/live HTTP/1.1\r\n${host}\r\n`, 2 * SECOND));

  test("§6 headers that drip are 408 after 2 s all the same", async () => {
    const connection = await RawConnection.open(port);
    const began = performance.now();
    connection.write(`GET /health/live HTTP/1.1\r\n${host}\r\n`);
    await until("the connection is closed", () => {
      if (connection.open) connection.write("X-A: a\r\n");
      return !connection.open;
    });
    const tookMs = performance.now() - began;
    assert.ok(tookMs < 5_000, `${tookMs} ms`);
    const answers = parseAnswers(connection.received);
    for (const { status } of answers) assert.equal(status, 408);
  });

  test("§6 a body of which no byte comes for 5 s is 408", () => timesOut(head, 5 * SECOND));

  test("§6 a body that stops halfway is 408 after 5 s", () => timesOut(`${head}{"tag":`, 5 * SECOND));

  test("§6 a batch that stops halfway is 408 and leaves nothing behind", async () => {
    const also = fresh("place");
    const line = `${JSON.stringify({ tag: fresh(), also })}\n`;
    const start = `POST /operations/wide-event/batch HTTP/1.1\r\n${host}\r\nContent-Type: application/x-ndjson\r\n`;
    await timesOut(`${start}Content-Length: ${line.length * 3}\r\n\r\n${line}${line}`, 5 * SECOND);
    assert.deepEqual(await lab.runs(also), []);
  });

  test("§6 a body that is slow, but never for 5 s, is read to its end", async () => {
    const tag = fresh();
    const body = JSON.stringify({ tag }).padEnd(100, " ");
    const connection = await RawConnection.open(port);
    connection.write(head);
    let sent = 0;
    const began = performance.now();
    await until(
      "the whole body is sent",
      () => {
        if (performance.now() - began < (sent + 1) * 60) return false;
        connection.write(body.charAt(sent++));
        return sent === body.length;
      },
      15 * SECOND,
    );
    assert.ok(performance.now() - began > 5 * SECOND);
    await until("the answer is there", () => connection.received.includes("\r\n\r\n"));
    assert.match(connection.received, /^HTTP\/1\.1 200 /);
    connection.destroy();
  });

  test("§6 a connection on which nothing is said is closed", async () => {
    const connection = await RawConnection.open(port);
    await within("the silent connection is closed", connection.closed, 12 * SECOND);
  });

  test("§6 an idle kept connection is closed after about 5 s", async () => {
    const connection = await RawConnection.open(port);
    connection.write(`GET /health/live HTTP/1.1\r\n${host}\r\n\r\n`);
    await until("the answer is there", () => connection.received.includes("\r\n\r\n"));
    const began = performance.now();
    await within("the idle connection is closed", connection.closed, 12 * SECOND);
    assert.ok(performance.now() - began > 2 * SECOND);
    assert.equal(parseAnswers(connection.received).length, 1);
  });

  test("§6 two hundred slow clients do not slow the others", async () => {
    const slow = await Promise.all(times(200).map(() => RawConnection.open(port)));
    for (const connection of slow) connection.write(`GET /health/live HTTP/1.1\r\n${host}\r\nX-A: `);
    const began = performance.now();
    for (const _ of times(20)) answered(await lab.client.call("wide-spill", { tag: fresh() }));
    assert.ok(performance.now() - began < 5 * SECOND);
    for (const connection of slow) connection.destroy();
  });

  test("§6 a client that never reads is cut, and the server goes on", async () => {
    const connection = await RawConnection.open(port);
    const requests = `GET /nothing HTTP/1.1\r\n${host}\r\n\r\n`.repeat(2_000);
    connection.write(requests);
    connection.destroy();
    refused(await lab.client.get("/nothing"), 404, "not-found");
  });
});
