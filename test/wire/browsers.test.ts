// docs/wire.md §5: origins, OPTIONS, HEAD.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import type { Answer } from "./support/client.ts";
import { accepted, answered, finalReceipt, judgeProblem, refused } from "./support/judge.ts";
import { fresh, Lab } from "./support/lab.ts";
import { openSocket, refusedSocket } from "./support/socket.ts";

const lab = await Lab.start();
const { client, server } = lab;
after(() => lab.stop());

const ALLOWED = "https://shop.example";
const FOREIGN = "https://evil.example";
const foreign = [
  FOREIGN,
  "null",
  "http://shop.example",
  "https://shop.example.evil.example",
  "http://127.0.0.1:1",
  "x",
];
const list = (text: string | undefined) =>
  (text ?? "")
    .split(",")
    .map((part) => part.trim().toLowerCase())
    .sort();

const REQUEST_HEADERS = "authorization, content-type, idempotency-key, prefer, callback, last-event-id";
const EXPOSED =
  "location, link, retry-after, preference-applied, idempotency-replayed, content-location, ratelimit, ratelimit-policy, www-authenticate";

const corsHeaders = ({ headers }: Answer) =>
  Object.keys(headers).filter((name) => name.startsWith("access-control-"));

const variesByOrigin = ({ headers }: Answer) => list(headers.vary).includes("origin");

suite("§5 OPTIONS", { concurrency: 8 }, () => {
  const routes: readonly (readonly [string, readonly string[]])[] = [
    ["/operations/wide-spill", ["POST"]],
    ["/operations/wide-request", ["POST"]],
    ["/operations/wide-event/batch", ["POST"]],
    ["/receipts/0123456789012345678901", ["GET", "DELETE"]],
    ["/receipts/0123456789012345678901/events", ["GET"]],
    ["/socket", ["GET"]],
    ["/health/live", ["GET"]],
    ["/health/ready", ["GET"]],
    ["/admin/operations", ["GET"]],
    ["/admin/jobs/redrive", ["POST"]],
  ];
  for (const [path, methods] of routes) {
    test(`§5 ${path} answers 204 with Allow, whoever asks`, async () => {
      for (const origin of [undefined, ALLOWED, FOREIGN, server.url]) {
        const answer = await client.send(path, { method: "OPTIONS", headers: { origin } });
        assert.equal(answer.status, 204);
        assert.equal(answer.text, "");
        const allowed = list(answer.headers.allow);
        for (const method of methods) assert.ok(allowed.includes(method.toLowerCase()), `${path} ${allowed}`);
      }
    });
  }

  test("§5 a preflight of an allowed origin learns the methods, the headers and for how long", async () => {
    const answer = await client.send("/operations/wide-spill", {
      method: "OPTIONS",
      headers: {
        origin: ALLOWED,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type, idempotency-key",
      },
    });
    const { headers } = answer;
    assert.equal(headers["access-control-allow-origin"], ALLOWED);
    assert.ok(variesByOrigin(answer));
    assert.equal(headers["access-control-max-age"], "600");
    assert.deepEqual(list(headers["access-control-allow-headers"]), list(REQUEST_HEADERS));
    assert.deepEqual(list(headers["access-control-allow-methods"]), list(headers.allow));
    assert.equal(headers["access-control-allow-credentials"], undefined);
  });

  test("§5 a preflight of a foreign origin learns nothing", async () => {
    for (const origin of foreign) {
      const headers = { origin, "access-control-request-method": "POST" };
      const answer = await client.send("/operations/wide-spill", { method: "OPTIONS", headers });
      assert.deepEqual(corsHeaders(answer), [], origin);
    }
  });
});

suite("§5 an origin", { concurrency: 8 }, () => {
  test("§5 that is allowed may call, and may read the headers of the contract", async () => {
    const answers = [
      await client.call("wide-spill", { tag: fresh() }, { origin: ALLOWED }),
      await client.call("wide-event", { tag: fresh() }, { origin: ALLOWED }),
      await client.call("wide-spill", { tag: 7 }, { origin: ALLOWED }),
      await client.receipt("x".repeat(46), { origin: ALLOWED }),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 202, 422, 404],
    );
    for (const answer of answers) {
      assert.equal(answer.headers["access-control-allow-origin"], ALLOWED);
      assert.ok(variesByOrigin(answer));
      assert.deepEqual(list(answer.headers["access-control-expose-headers"]), list(EXPOSED));
    }
  });

  test("§5 that is our own may call", async () => {
    const own = { origin: server.url };
    answered(await client.call("wide-spill", { tag: fresh() }, own));
  });

  for (const origin of foreign) {
    test(`§5 that is foreign (${origin}) is forbidden to change state`, async () => {
      const tag = fresh();
      const job = accepted(await lab.act("wide-spill", fresh(), ["later"]));
      const answers = [
        await client.call("wide-spill", { tag }, { origin }),
        await client.call("wide-event", { tag }, { origin }),
        await client.call("wide-request", { tag }, { origin }),
        await client.post("/operations/wide-event/batch", [{ tag }], { origin }),
        await client.cancel(job.id, { origin }),
        await server.admin.post("/admin/jobs/redrive", { ids: [job.id] }, { origin }),
      ];
      for (const answer of answers) {
        refused(answer, 403, "forbidden");
        assert.deepEqual(corsHeaders(answer), []);
      }
      assert.deepEqual(await lab.runs(tag), []);
      assert.equal((await client.receipt(job.id)).as<{ status: string }>().status, "queued");
    });
  }

  test("§5 that is foreign may read, but is not given leave to see it", async () => {
    const { id } = accepted(await client.call("wide-event", { tag: fresh() }));
    await finalReceipt(client, id);
    const answer = await client.receipt(id, { origin: FOREIGN });
    answered(answer);
    assert.deepEqual(corsHeaders(answer), []);
  });

  test("§5 that is foreign is forbidden the socket; an allowed one, our own, and none at all may open it", async () => {
    for (const origin of foreign) {
      const { status, text } = await refusedSocket(server.port, { headers: { origin } });
      assert.equal(status, 403);
      judgeProblem(JSON.parse(text), 403, "forbidden");
    }
    for (const headers of [{ origin: ALLOWED }, { origin: server.url }, {}]) {
      (await openSocket(server.port, { headers })).close();
    }
  });
});

suite("§5 HEAD", { concurrency: 8 }, () => {
  test("§5 answers as GET does, without the body", async () => {
    const { id } = accepted(await client.call("wide-event", { tag: fresh() }));
    await finalReceipt(client, id);
    for (const path of [
      `/receipts/${id}`,
      "/health/live",
      "/health/ready",
      "/nothing",
      "/receipts/unknown",
    ]) {
      const got = await client.get(path);
      const head = await client.send(path, { method: "HEAD" });
      assert.equal(head.status, got.status, path);
      assert.equal(head.text, "", path);
      assert.equal(head.headers["content-type"], got.headers["content-type"], path);
      assert.equal(head.headers["content-length"], got.headers["content-length"], path);
    }
  });

  test("§5 of the socket and of streams is not answered as GET", async () => {
    const { id } = accepted(await client.call("wide-event", { tag: fresh() }));
    for (const path of ["/socket", `/receipts/${id}/events`]) {
      const { status } = await client.send(path, { method: "HEAD" });
      assert.ok(status >= 400, `${path}: ${status}`);
    }
    const { status } = await server.admin.send("/admin/live", { method: "HEAD" });
    assert.ok(status >= 400, `/admin/live: ${status}`);
  });
});
