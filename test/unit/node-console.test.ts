// The console's files over a real server: what is found where, how it may be kept, and what a browser is told to guard.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { ConsoleDoor } from "../../src/node/console.ts";
import { hostRuleOf } from "../../src/node/framing.ts";
import { Listener } from "../../src/node/listener.ts";
import { emptyState, smallDoor } from "../support/small-door.ts";
import { Client } from "../wire/support/client.ts";

const PAGE = "<!doctype html><title>Spillway – ü</title>";
const SCRIPT = "const long = 1;".repeat(20_000);

const files = {
  "index.html": PAGE,
  "main-AB12CD34.js": SCRIPT,
  "main-ZZ00ZZ00.css": "a{}",
  "report.html": "x",
};

function bundle(folder: string): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

async function served(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "spillway-console-"));
  const listener = new Listener({
    door: new ConsoleDoor(smallDoor(emptyState(), Promise.resolve()), folder),
    hostRule: hostRuleOf(undefined, true),
    complain: (line) => assert.fail(line),
  });
  const { port } = await listener.listen(0, "127.0.0.1");
  const client = new Client(port);
  t.after(async () => {
    client.close();
    await listener.close();
    rmSync(folder, { recursive: true });
  });
  return { folder, client };
}

suite("the console", () => {
  test("is its page at every path below it, and its files by their names", async (t) => {
    const { folder, client } = await served(t);
    bundle(folder);
    for (const path of ["", "jobs", "jobs/01.2", "reports/x.json", "a/b/c"]) {
      const page = await client.get(`/console/${path}`);
      assert.deepEqual([page.status, page.text], [200, PAGE], path);
      assert.equal(page.headers["content-type"], "text/html; charset=utf-8");
      assert.equal(page.headers["cache-control"], "no-cache");
    }
    const script = await client.get("/console/main-AB12CD34.js");
    assert.deepEqual([script.status, script.text], [200, SCRIPT]);
    assert.equal(script.headers["content-type"], "text/javascript; charset=utf-8");
    assert.match(script.headers["cache-control"] ?? "", /immutable/);
    assert.equal((await client.get("/console/main-ZZ00ZZ00.css")).text, "a{}");
    assert.equal((await client.get("/slow")).text, "slow", "everything else is the door's");
  });

  test("answers neither for files that are not there nor for templates and paths out of its folder", async (t) => {
    const { folder, client } = await served(t);
    bundle(folder);
    for (const name of ["main-00000000.js", "report.html", "favicon.ico", "..", "index.html/.."]) {
      const { status, text, headers } = await client.get(`/console/${name}`);
      if (name.includes("/")) assert.equal(text, PAGE, "a path inside the page");
      else assert.deepEqual([status, headers["content-type"]], [404, "application/problem+json"], name);
    }
  });

  test("lets nothing run but its own scripts, and nobody frame it", async (t) => {
    const { folder, client } = await served(t);
    bundle(folder);
    for (const path of ["/console", "/console/", "/console/main-AB12CD34.js"]) {
      const { headers } = await client.get(path);
      const policy = headers["content-security-policy"];
      assert.equal(
        policy,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; font-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      assert.equal(headers["x-content-type-options"], "nosniff");
      assert.equal(headers["referrer-policy"], "no-referrer");
      assert.equal(headers["cross-origin-opener-policy"], "same-origin");
    }
  });

  test("is compressed for who takes it, and for nobody else", async (t) => {
    const { folder, client } = await served(t);
    bundle(folder);
    for (const accepted of ["gzip", "br, gzip;q=0.5", "*", "x-gzip"]) {
      const message = await client.open("/console/main-AB12CD34.js", {
        headers: { "accept-encoding": accepted },
      });
      assert.equal(message.headers["content-encoding"], "gzip", accepted);
      assert.equal(message.headers["vary"], "Accept-Encoding");
      const chunks = await message.toArray();
      assert.equal(Number(message.headers["content-length"]), Buffer.concat(chunks).length);
      assert.equal(gunzipSync(Buffer.concat(chunks)).toString(), SCRIPT);
    }
    for (const accepted of [undefined, "br", "gzip;q=0", "gzip; q=0.0", "gzipped"]) {
      const { headers, text } = await client.get("/console/main-AB12CD34.js", {
        "accept-encoding": accepted,
      });
      assert.deepEqual([headers["content-encoding"], text], [undefined, SCRIPT], String(accepted));
    }
  });

  test("is not sent again to who has it, and HEAD tells what GET would", async (t) => {
    const { folder, client } = await served(t);
    bundle(folder);
    const { headers } = await client.get("/console/");
    const again = await client.get("/console/jobs", { "if-none-match": `"other", ${headers.etag}` });
    assert.deepEqual([again.status, again.text, again.headers.etag], [304, "", headers.etag]);
    assert.equal((await client.get("/console/", { "if-none-match": '"other"' })).status, 200);
    const head = await client.send("/console/", { method: "HEAD" });
    assert.deepEqual(
      [head.status, head.text, head.headers["content-length"]],
      [200, "", String(Buffer.byteLength(PAGE))],
    );
  });

  test("is at /console/ with its slash, and only to be looked at", async (t) => {
    const { folder, client } = await served(t);
    bundle(folder);
    const moved = await client.get("/console");
    assert.deepEqual([moved.status, moved.headers.location], [308, "/console/"]);
    for (const method of ["POST", "DELETE", "PATCH"]) {
      const { status, headers } = await client.send("/console/", { method });
      assert.deepEqual([status, headers.allow], [405, "GET, HEAD, OPTIONS"]);
    }
    const options = await client.send("/console/jobs", { method: "OPTIONS" });
    assert.deepEqual([options.status, options.headers.allow], [204, "GET, HEAD, OPTIONS"]);
    assert.notEqual((await client.get("/consoles")).status, 200);
  });

  test("that is not built says how to build it, and is there as soon as it is", async (t) => {
    const { folder, client } = await served(t);
    const missing = await client.get("/console/");
    assert.equal(missing.status, 404);
    assert.match(missing.as<{ detail: string }>().detail, /npm start/);
    bundle(folder);
    assert.equal((await client.get("/console/")).status, 200);
  });
});
