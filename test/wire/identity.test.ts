// docs/wire.md §5: who a caller is, and that a principal sees only its own.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import type { Answer } from "./support/client.ts";
import { openEvents } from "./support/events.ts";
import { accepted, answered, finalReceipt, refused } from "./support/judge.ts";
import { type Acted, fresh, Lab } from "./support/lab.ts";
import { startApp } from "./support/server.ts";
import { until } from "./support/wait.ts";

const lab = await Lab.start("guarded");
const nobody = lab.client;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const ann = nobody.with(bearer("token-of-ann-0123456789"));
const bob = nobody.with(bearer("token-of-bob-0123456789"));
after(() => lab.stop());

const input = (plan = ["ok"]) => ({ tag: fresh(), plan });

/** All of an answer that a caller can see, but for the time of day. */
const seen = ({ status, rawHeaders, text }: Answer) => ({
  status,
  text,
  headers: rawHeaders.filter((_, index) => rawHeaders[index - (index % 2)]?.toLowerCase() !== "date"),
});

suite("§5 where callers have names,", { concurrency: 8 }, () => {
  test("§5 a call without a token is 401 with WWW-Authenticate, on every route of the contract", async () => {
    const { id } = accepted(await ann.call("wide-event", input()));
    const routes: readonly (readonly [string, string])[] = [
      ["POST", "/operations/wide-request"],
      ["POST", "/operations/wide-event"],
      ["POST", "/operations/wide-event/batch"],
      ["GET", `/receipts/${id}`],
      ["DELETE", `/receipts/${id}`],
      ["GET", `/receipts/${id}/events`],
    ];
    for (const [method, path] of routes) {
      const body = method === "POST" ? input() : undefined;
      refused(await nobody.send(path, { method, body }), 401, "unauthenticated");
    }
  });

  test("§5 an unknown, odd or badly written token is 401", async () => {
    for (const authorization of ["Bearer wrong", "Basic YW5uOmFubg==", "bearer", "token-of-ann-0123456789"]) {
      const answer = await nobody.call("wide-spill", input(), { authorization });
      assert.ok([400, 401].includes(answer.status), `${authorization}: ${answer.status}`);
      if (answer.status === 401) refused(answer, 401, "unauthenticated");
      else refused(answer, 400, "malformed-header");
    }
  });

  test("§5 the scheme is Bearer in any case", async () => {
    answered(await nobody.call("wide-spill", input(), { authorization: "bearer token-of-ann-0123456789" }));
  });

  test("§5 two Authorization headers are not guessed between", async () => {
    const authorization = ["Bearer token-of-ann-0123456789", "Bearer token-of-bob-0123456789"];
    const answer = await nobody.call("wide-spill", input(), { authorization });
    refused(answer, 400, "malformed-header");
  });

  test("§5 a handler knows its caller", async () => {
    const asked = input();
    answered(await ann.call("wide-spill", asked));
    assert.deepEqual(
      (await lab.runs(asked.tag)).map(({ principal }) => principal),
      ["ann"],
    );
  });

  test("§2, §5 another principal's receipt is answered exactly as an unknown one, byte for byte", async () => {
    const hold = input(["hold"]);
    const running = accepted(await ann.call("wide-event", hold)).id;
    const done = accepted(await ann.call("wide-event", input())).id;
    await finalReceipt(ann, done);
    const unknown = `${done.slice(0, -2)}${done.endsWith("00") ? "11" : "00"}`;
    const asks: readonly ((id: string) => Promise<Answer>)[] = [
      (id) => bob.receipt(id),
      (id) => bob.receipt(id, { prefer: "wait=1" }),
      (id) => bob.cancel(id),
      (id) => bob.get(`/receipts/${id}/events`),
      (id) => bob.get(`/receipts/${id}/events`, { "last-event-id": "0" }),
      (id) => bob.send(`/receipts/${id}`, { method: "HEAD" }),
      (id) => bob.send(`/receipts/${id}`, { method: "OPTIONS" }),
    ];
    for (const ask of asks) {
      const expected = seen(await ask(unknown));
      for (const id of [running, done]) assert.deepEqual(seen(await ask(id)), expected);
    }
    refused(await bob.receipt(running), 404, "unknown-receipt");
    refused(await bob.cancel(running), 404, "unknown-receipt");
    await lab.release(hold.tag);
    assert.equal((await finalReceipt(ann, running)).status, "succeeded");
  });

  test("§1, §5 the same key of two principals makes two calls", async () => {
    const asked = input();
    const key = { "idempotency-key": fresh("key") };
    const ofAnn = answered<Acted>(await ann.call("wide-spill", asked, key));
    const ofBob = await bob.call("wide-spill", asked, key);
    assert.equal(ofBob.headers["idempotency-replayed"], undefined);
    assert.notEqual(answered<Acted>(ofBob).id, ofAnn.id);
    assert.deepEqual(
      (await lab.runs(asked.tag)).map(({ principal }) => principal),
      ["ann", "bob"],
    );
    const other = await bob.call("wide-spill", input(), key);
    refused(other, 422, "idempotency-mismatch");
    assert.deepEqual(answered<Acted>(await ann.call("wide-spill", asked, key)), ofAnn);
  });

  test("§2, §5 the events of a receipt need its principal's token", async () => {
    const { id } = accepted(await ann.call("wide-event", input()));
    const stream = await openEvents(ann, `/receipts/${id}/events`);
    assert.equal(stream.status, 200);
    assert.ok((await stream.all()).length >= 1);
  });

  test("§5 what needs no token needs none here either", async () => {
    for (const path of ["/health/live", "/health/ready"]) assert.equal((await nobody.get(path)).status, 200);
    assert.equal((await nobody.send("/operations/wide-spill", { method: "OPTIONS" })).status, 204);
  });

  test("§5 a caller's token is no administrator's", async () => {
    refused(await ann.get("/admin/operations"), 401, "unauthenticated");
    refused(await ann.call("staff", input()), 401, "unauthenticated");
    answered(await lab.server.admin.call("staff", input()));
  });
});

suite("§6 a quota", () => {
  test("§6 that is used up answers 429 with Retry-After, RateLimit and RateLimit-Policy, to that principal only", async () => {
    const metered = await Lab.start("metered");
    const annThere = metered.client.with(bearer("token-of-ann-0123456789"));
    const bobThere = metered.client.with(bearer("token-of-bob-0123456789"));
    try {
      const key = { "idempotency-key": fresh("key") };
      const first = input();
      answered(await annThere.call("wide-spill", first, key));
      answered(await annThere.call("wide-spill", input()));
      answered(await annThere.call("wide-spill", input()));
      const over = await until("the quota is used up", async () => {
        const answer = await annThere.call("wide-spill", input());
        return answer.status === 429 && answer;
      });
      refused(over, 429, "quota-exceeded");
      const seconds = Number(over.headers["retry-after"]);
      assert.ok(seconds >= 1 && seconds <= 10, `${seconds}`);
      assert.equal(typeof over.headers["ratelimit"], "string");
      assert.equal(typeof over.headers["ratelimit-policy"], "string");
      answered(await bobThere.call("wide-spill", input()));
      const replay = await annThere.call("wide-spill", first, key);
      assert.equal(replay.headers["idempotency-replayed"], "true", "a replay spends no rate");
      answered(replay);
    } finally {
      await metered.stop();
    }
  });

  test("§6 is not there where none is configured", async () => {
    const other = await startApp("guarded");
    try {
      const one = other.client.with(bearer("token-of-ann-0123456789"));
      const answers = await Promise.all(Array.from({ length: 200 }, () => one.call("wide-event", input())));
      for (const answer of answers) accepted(answer);
    } finally {
      await other.stop();
    }
  });
});
