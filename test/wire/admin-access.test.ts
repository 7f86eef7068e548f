// docs/wire.md §5: who is an administrator.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import type { Headers } from "./support/client.ts";
import { answered, refused } from "./support/judge.ts";
import { fresh } from "./support/lab.ts";
import { ADMIN_TOKEN, type Server, startApp } from "./support/server.ts";

const withToken = await startApp("lab");
const without = await startApp("lab", { adminToken: null });
after(() => Promise.all([withToken.stop(), without.stop()]));

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const routes = [
  "/admin/operations",
  "/admin/resources",
  "/admin/jobs",
  "/admin/dead-letters",
  "/admin/audit",
];

const adminCalls = (server: Server, headers: Headers) => [
  ...routes.map((path) => server.client.get(path, headers)),
  server.client.call("staff-request", { tag: fresh() }, headers),
  server.client.post("/admin/jobs/redrive", { ids: [] }, headers),
];

async function allRefused(server: Server, headers: Headers, status: number, code: string): Promise<void> {
  for (const answer of await Promise.all(adminCalls(server, headers))) refused(answer, status, code);
}

async function allAdmitted(server: Server, headers: Headers): Promise<void> {
  for (const answer of await Promise.all(adminCalls(server, headers))) answered(answer);
}

suite("§5 with SPILLWAY_ADMIN_TOKEN set,", { concurrency: 8 }, () => {
  test("§5 its bearer is admin", () => allAdmitted(withToken, bearer(ADMIN_TOKEN)));

  test("§5 no token is 401, on loopback too", () => allRefused(withToken, {}, 401, "unauthenticated"));

  test("§5 a wrong token is 401", async () => {
    for (const token of ["wrong", ADMIN_TOKEN.slice(0, -1), `${ADMIN_TOKEN}x`, ADMIN_TOKEN.toUpperCase()]) {
      await allRefused(withToken, bearer(token), 401, "unauthenticated");
    }
  });

  test("§5 a token in the query is none", async () => {
    const answer = await withToken.client.get(`/admin/operations?token=${ADMIN_TOKEN}`);
    refused(answer, 401, "unauthenticated");
  });

  test("§5 an operation of administrators needs it in each flow and in a batch", async () => {
    for (const flow of ["request", "event", "spill"]) {
      refused(await withToken.client.call(`staff-${flow}`, { tag: fresh() }), 401, "unauthenticated");
    }
    const batch = await withToken.client.post("/operations/staff-event/batch", [{ tag: fresh() }]);
    refused(batch, 401, "unauthenticated");
  });

  test("§5 health needs none", async () => {
    for (const path of ["/health/live", "/health/ready"]) answered(await withToken.client.get(path));
  });

  test("§5 a foreign origin is forbidden to change anything, with the token too", async () => {
    const headers = { ...bearer(ADMIN_TOKEN), origin: "https://evil.example" };
    const answer = await withToken.client.send("/admin/operations/wide-spill", {
      method: "PATCH",
      body: { paused: true },
      headers,
    });
    refused(answer, 403, "forbidden");
  });
});

suite("§5 without SPILLWAY_ADMIN_TOKEN, bound to loopback,", { concurrency: 8 }, () => {
  test("§5 a request without Authorization is admin", () => allAdmitted(without, {}));

  test("§5 one with our own Origin is admin", () => allAdmitted(without, { origin: without.url }));

  test("§5 one with localhost as its Host is admin", () =>
    allAdmitted(without, { host: `localhost:${without.port}` }));

  test("§5 one with any Authorization that is wrong is 401", () =>
    allRefused(without, bearer("wrong-token-0123456789abcdef"), 401, "unauthenticated"));

  for (const [name, value] of [
    ["forwarded", "for=127.0.0.1"],
    ["x-forwarded-for", "127.0.0.1"],
    ["x-forwarded-host", "127.0.0.1"],
    ["x-forwarded-proto", "https"],
    ["x-real-ip", "127.0.0.1"],
    ["via", "1.1 proxy"],
  ] as const) {
    test(`§5 one with the forwarding header ${name} is not`, () =>
      allRefused(without, { [name]: value }, 401, "unauthenticated"));
  }

  test("§5 one with a foreign Origin is not", async () => {
    for (const origin of ["https://evil.example", "null", "https://shop.example", "http://127.0.0.1:1"]) {
      for (const path of routes) {
        const { status } = await without.client.get(path, { origin });
        assert.ok(status === 401 || status === 403, `${path} with ${origin}: ${status}`);
      }
    }
  });

  test("§5, §6 one with a foreign Host is refused as wrong-host", async () => {
    for (const host of [
      "evil.example",
      `evil.example:${without.port}`,
      "127.0.0.1.evil.example",
      "10.0.0.1",
    ]) {
      for (const path of [...routes, "/health/live"]) {
        refused(await without.client.get(path, { host }), 421, "wrong-host");
      }
    }
  });

  test("§5 a token was made at first start, kept private in the data folder, and its place printed", async () => {
    const place = join(without.folder, "admin-token");
    const files = readdirSync(without.folder).filter((name) => without.output.includes(name));
    assert.ok(files.length > 0, `no file of ${readdirSync(without.folder)} is named by:\n${without.output}`);
    const found = files.map((name) => join(without.folder, name)).find((path) => /token/.test(path)) ?? place;
    assert.equal(statSync(found).mode & 0o077, 0);
    const token = readFileSync(found, "utf8").trim();
    assert.ok(token.length >= 22);
    assert.equal(without.output.includes(token), false, "the token itself is not printed");
    await allAdmitted(without, bearer(token));
    await allAdmitted(without, { ...bearer(token), "x-forwarded-for": "203.0.113.9" });
  });
});

suite("§5 without SPILLWAY_ADMIN_TOKEN, bound to every address,", () => {
  test("§5 a request without Authorization is not admin, on loopback too", async () => {
    const open = await startApp("lab", { adminToken: null, environment: { HOST: "0.0.0.0" } });
    try {
      await allRefused(open, {}, 401, "unauthenticated");
      const file = readdirSync(open.folder).find((name) => /token/.test(name));
      await allAdmitted(open, bearer(readFileSync(join(open.folder, file ?? ""), "utf8").trim()));
    } finally {
      await open.stop();
    }
  });
});
