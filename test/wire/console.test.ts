// docs/wire.md §5, §7: what the console needs: its session, its files, and what it is told of operations and reports.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { Operator } from "./support/admin.ts";
import type { Answer, Headers } from "./support/client.ts";
import { openEvents } from "./support/events.ts";
import { accepted, answered, receiptOf, receiptWhen, refused } from "./support/judge.ts";
import { fresh, Lab } from "./support/lab.ts";
import { ADMIN_TOKEN, type Server, startApp } from "./support/server.ts";
import { times, until } from "./support/wait.ts";

const lab = await Lab.start();
const { client, server } = lab;
const operator = new Operator(server);
after(() => lab.stop());

const bearer = { authorization: `Bearer ${ADMIN_TOKEN}` };
const done = (answer: Answer) => {
  assert.deepEqual([answer.status, answer.text], [204, ""], answer.text);
  assert.equal(answer.headers["cache-control"], "no-store");
};
const login = (headers = {}) =>
  client.send("/admin/session", { method: "POST", headers: { ...bearer, ...headers } });
const cookieIn = ({ headers }: Answer): string => {
  const [cookie, ...others] = headers["set-cookie"] ?? [];
  assert.ok(cookie !== undefined && others.length === 0);
  return cookie;
};

suite("§7 the session", () => {
  test("§7 POST sets the token as a cookie that no script and no other site can use", async () => {
    const answer = await login({ origin: server.url });
    done(answer);
    const [pair, ...attributes] = cookieIn(answer).split("; ");
    assert.ok(pair?.startsWith("spillway-admin="));
    assert.deepEqual(attributes, ["Path=/", "HttpOnly", "SameSite=Strict"]);
  });

  test("§7 it is Secure where the page came by https", async () => {
    const answer = await login({ origin: `https://127.0.0.1:${server.port}` });
    assert.ok(cookieIn(answer).split("; ").includes("Secure"));
  });

  test("§5, §7 the cookie is admin with our own Origin or Sec-Fetch-Site, in streams and in operations too", async () => {
    const [cookie = ""] = cookieIn(await login()).split(";");
    for (const own of [{ origin: server.url }, { "sec-fetch-site": "same-origin" }]) {
      done(await client.get("/admin/session", { cookie, ...own }));
      answered(await client.get("/admin/jobs", { cookie: `theme=dark; ${cookie}`, ...own }));
      answered(await client.call("staff-request", { tag: fresh() }, { cookie, ...own }));
      const stream = await openEvents(client, "/admin/live", { cookie, ...own });
      assert.equal(stream.status, 200);
      stream.close();
    }
    for (const other of [{}, { "sec-fetch-site": "same-site" }, { "sec-fetch-site": "cross-site" }]) {
      refused(await client.get("/admin/jobs", { cookie, ...other }), 401, "unauthenticated");
      refused(
        await client.call("staff-request", { tag: fresh() }, { cookie, ...other }),
        401,
        "unauthenticated",
      );
    }
    const foreign = { cookie, origin: "https://evil.example" };
    refused(await client.call("staff-request", { tag: fresh() }, foreign), 403, "forbidden");
  });

  test("§7 a sign-in keeps the tokens of other servers of the host, whose pages have the same cookie", async () => {
    const other = await startApp("bare", { adminToken: "of-a-server-on-another-port-0123456789" });
    const signIn = async ({ admin, url }: Server, token: string, kept = "") => {
      const headers = { authorization: `Bearer ${token}`, origin: url, ...(kept && { cookie: kept }) };
      const answer = await admin.send("/admin/session", { method: "POST", headers });
      return cookieIn(answer).split(";")[0] ?? "";
    };
    try {
      const first = await signIn(server, ADMIN_TOKEN);
      assert.equal(first, `spillway-admin=${ADMIN_TOKEN}`);
      const both = await signIn(other, "of-a-server-on-another-port-0123456789", first);
      for (const { client: caller, url } of [server, other])
        done(await caller.get("/admin/session", { cookie: both, origin: url }));
      const again = await signIn(server, ADMIN_TOKEN, both);
      assert.equal(again.length, both.length, "each once");
      const many = times(9).map((n) => `a-token-of-yet-another-server-${n}`);
      const crowded = await signIn(server, ADMIN_TOKEN, `spillway-admin=${many.join("|")}`);
      assert.ok(crowded.startsWith(`spillway-admin=${ADMIN_TOKEN}|${many[0]}`) && crowded.length < 250);
      const odd = await signIn(server, ADMIN_TOKEN, `spillway-admin=a b|"c"|${"d".repeat(4_000)}|`);
      assert.equal(odd, first, "nothing that is no token");
    } finally {
      await other.stop();
    }
  });

  test("§7 GET says whether it is by the cookie that one is admin", async () => {
    const [cookie = ""] = cookieIn(await login()).split(";");
    const by = async (headers: Headers) =>
      (await client.get("/admin/session", headers)).headers["spillway-session"];
    assert.equal(await by({ cookie, origin: server.url }), "cookie");
    assert.equal(await by({ ...bearer, cookie, origin: server.url }), undefined);
    assert.equal(await by({ cookie }), undefined);
  });

  test("§7 GET tells whether one is admin", async () => {
    done(await client.get("/admin/session", bearer));
    refused(await client.get("/admin/session"), 401, "unauthenticated");
    const stale = { cookie: "spillway-admin=wrong", origin: server.url };
    refused(await client.get("/admin/session", stale), 401, "unauthenticated");
    refused(await client.send("/admin/session", { method: "POST", headers: stale }), 401, "unauthenticated");
  });

  test("§7 DELETE clears the cookie, whatever it holds, for our own pages", async () => {
    const headers = { cookie: "spillway-admin=wrong", origin: server.url };
    const answer = await client.send("/admin/session", { method: "DELETE", headers });
    done(answer);
    assert.match(cookieIn(answer), /^spillway-admin=; Path=\/; HttpOnly; SameSite=Strict; Max-Age=0$/);
    const foreign = { method: "DELETE", headers: { origin: "https://evil.example" } };
    refused(await client.send("/admin/session", foreign), 403, "forbidden");
  });

  test("§7 whoever is admin without a token needs no cookie", async () => {
    const open = await startApp("bare", { adminToken: null });
    try {
      const answer = await open.client.send("/admin/session", { method: "POST" });
      done(answer);
      assert.equal(answer.headers["set-cookie"], undefined);
      done(await open.client.get("/admin/session"));
      const another = { cookie: "spillway-admin=of-a-server-on-another-port", origin: open.url };
      done(await open.client.get("/admin/session", another));
    } finally {
      await open.stop();
    }
  });
});

suite("§7 the console's files", () => {
  test("§5, §7 need no token, and let nothing run but themselves", async () => {
    const page = await client.get("/console/jobs/some-id");
    assert.equal(page.status, 200, page.text);
    assert.match(page.headers["content-type"] ?? "", /^text\/html\b/);
    const policy = String(page.headers["content-security-policy"]);
    assert.match(policy, /^default-src 'none'; script-src 'self'; /);
    assert.doesNotMatch(policy, /unsafe/);
    assert.doesNotMatch(page.text, /<script(?![^>]*\bsrc=)|<style|\son\w+=/, "nothing inline");
    const files = [...page.text.matchAll(/(?:src|href)="(\/console\/[^"]+)"/g)].map(([, path]) => path ?? "");
    assert.ok(files.length >= 2);
    for (const path of files) {
      const file = await client.get(path);
      assert.equal(file.status, 200, path);
      assert.match(file.headers["cache-control"] ?? "", /\bimmutable\b/);
    }
    assert.equal((await client.get("/console/", { "if-none-match": page.headers.etag })).status, 304);
  });

  test("§7 are together at most 150 kB, compressed", async () => {
    const { text } = await client.get("/console/");
    const paths = [...text.matchAll(/(?:src|href)="(\/console\/[^"]+)"/g)].map(([, path]) => path ?? "");
    let bytes = 0;
    for (const path of ["/console/", ...paths]) {
      const message = await client.open(path, { headers: { "accept-encoding": "gzip" } });
      assert.equal(message.headers["content-encoding"], "gzip");
      bytes += Buffer.concat(await message.toArray()).length;
    }
    assert.ok(bytes <= 150_000, `${bytes} bytes`);
  });

  test("§7 /console leads to /console/; what is no file is 404, what changes 405", async () => {
    const moved = await client.get("/console");
    assert.deepEqual([moved.status, moved.headers.location], [308, "/console/"]);
    refused(await client.get("/console/main-00000000.js"), 404, "not-found");
    refused(await client.post("/console/", {}), 405, "method-not-allowed");
    const options = await client.send("/console/", { method: "OPTIONS" });
    assert.deepEqual([options.status, options.headers.allow], [204, "GET, HEAD, OPTIONS"]);
  });
});

suite("§7 for the console's pages", () => {
  test("§7 an operation by its name says what a call of it takes", async () => {
    const wide = answered<Record<string, unknown>>(await operator.get("operations/wide-spill"));
    assert.deepEqual(
      [wide["name"], wide["idempotency"], wide["timeoutMs"], wide["backlog"], wide["route"]],
      ["wide-spill", "optional", 30_000, null, null],
    );
    assert.deepEqual(wide["retry"], { maxAttempts: 3, baseMs: 40, capMs: 80 });
    const schema = wide["inputSchema"] as Record<string, unknown>;
    assert.equal(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert.ok("tag" in (schema["properties"] as object));
    assert.equal("inputSchema" in (await operator.entry("operations", "wide-spill")), false);
    refused(await operator.get("operations/nothing"), 404, "unknown-operation");
  });

  test("§7 totals count calls that got an outcome, a receipt or neither, and only grow", async () => {
    const totals = async (name: string) =>
      (await operator.entry("operations", name))["totals"] as Record<string, number>;
    const before = await totals("wide-spill");
    answered(await lab.act("wide-spill", fresh(), ["ok"]));
    const { id } = accepted(await lab.act("wide-spill", fresh(), ["ok"], { prefer: "respond-async" }));
    await receiptWhen(client, id, "succeeded", ({ status }) => status === "succeeded");
    // The outcome is on disk, and so on the receipt, before the worker that wrote it hears of it.
    const after = await until("both are counted", async () => {
      const now = await totals("wide-spill");
      return (now["succeeded"] ?? 0) - (before["succeeded"] ?? 0) >= 2 && now;
    });
    for (const [what, by] of Object.entries({
      answered: 1,
      accepted: 1,
      succeeded: 2,
      refused: 0,
      failed: 0,
    }))
      assert.equal((after[what] ?? 0) - (before[what] ?? 0), by, what);
    await using _ = await lab.occupy("one");
    const { refused: so = 0 } = await totals("one-request");
    refused(await lab.act("one-request", fresh(), ["ok"]), 503, "saturated");
    assert.equal((await totals("one-request"))["refused"], so + 1);
  });

  test("§7 an operator cancels anyone's job, waiting or running, and the audit says so", async () => {
    const cancel = (id: string) => server.admin.send(`/admin/jobs/${id}`, { method: "DELETE" });
    const busy = await lab.occupy("one");
    const waiting = accepted(await lab.act("one-event", fresh(), ["ok"]));
    assert.equal(answered<{ status: string }>(await cancel(waiting.id)).status, "cancelled");
    await busy.release();
    const tag = fresh();
    const running = accepted(await lab.act("wide-event", tag, ["hold"]));
    await lab.atWork(tag);
    assert.equal((await cancel(running.id)).status, 202);
    await lab.release(tag);
    await receiptWhen(
      client,
      running.id,
      "final",
      ({ status }) => status === "cancelled" || status === "succeeded",
    );
    const ended = accepted(await lab.act("wide-event", fresh(), ["ok"]));
    await receiptWhen(client, ended.id, "succeeded", ({ status }) => status === "succeeded");
    refused(await cancel(ended.id), 409, "already-final");
    refused(await cancel("x".repeat(46)), 404, "unknown-receipt");
    refused(await client.send(`/admin/jobs/${ended.id}`, { method: "DELETE" }), 401, "unauthenticated");
    assert.equal((await receiptOf(client, ended.id)).status, "succeeded");
    const audit = (await operator.list<{ action: string; target: string }>("audit?limit=2")).items;
    assert.deepEqual(
      audit.map(({ action, target }) => [action, target]),
      [running, waiting].map(({ id }) => ["cancel", `jobs/${id}`]),
    );
  });

  test("§7 reports are those of the folder, newest first; a damaged one says why", async () => {
    const folder = join(server.folder, "reports");
    assert.deepEqual((await operator.list("reports")).items, []);
    mkdirSync(join(folder, "second"), { recursive: true });
    const report = {
      kind: "spillway-flow-report",
      version: 1,
      madeAt: "2026-01-01T00:00:00.000Z",
      app: "app.ts",
      operation: "place-order",
      lanes: [{ counts: { offered: 30 } }],
      recommendation: { flow: "spill", text: "…", restsOn: [] },
    };
    const text = JSON.stringify({ ...report, madeAt: "2026-01-02T00:00:00.000Z" });
    writeFileSync(join(folder, "first.json"), JSON.stringify(report));
    writeFileSync(join(folder, "second/report.json"), text);
    writeFileSync(join(folder, "third.json"), "{");
    const { items } = await operator.list<Record<string, unknown>>("reports");
    const [third, ...others] = items;
    assert.deepEqual([third?.["name"], typeof third?.["damaged"]], ["third.json", "string"]);
    const summary = { operation: "place-order", app: "app.ts", offered: 30, flow: "spill" };
    assert.deepEqual(others, [
      { name: "second", madeAt: "2026-01-02T00:00:00.000Z", ...summary },
      { name: "first.json", madeAt: "2026-01-01T00:00:00.000Z", ...summary },
    ]);
    const shown = await operator.get("reports/second");
    assert.equal(shown.headers["cache-control"], "no-store");
    answered(shown);
    assert.equal(shown.text, text);
    for (const name of ["third.json", "none", "..%2Fspillway.db", "%2e%2e", "second%2Freport.json"])
      refused(await operator.get(`reports/${name}`), 404, "not-found");
    assert.equal((await operator.list("reports?limit=1")).items.length, 1);
  });
});
