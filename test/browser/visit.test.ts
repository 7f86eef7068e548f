// What the other tests rest on: a planted fault of each kind is found.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, suite, test } from "node:test";
import { skip, Visitors } from "./support/visit.ts";

const POLICY = "default-src 'self'; style-src 'unsafe-inline'";

suite("a visit finds", { skip }, () => {
  const visitors = new Visitors();
  const server = createServer((request, response) => {
    const body = new URL(request.url ?? "/", "http://localhost").searchParams.get("body");
    response.statusCode = body === null ? 404 : 200;
    response
      .setHeader("content-security-policy", POLICY)
      .setHeader("content-type", "text/html; charset=utf-8");
    response.end(`<!doctype html><html lang="en"><title>Planted</title><main><h1>Here</h1>${body}</main>`);
  });
  before(async () => {
    await once(server.listen(0, "127.0.0.1"), "listening");
  });
  after(async () => {
    await visitors.close();
    server.close();
  });

  const visit = (body: string) => {
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    return visitors.visit(`http://127.0.0.1:${address.port}/?${new URLSearchParams({ body })}`);
  };

  test("nothing on a page that is as it should be", async () => {
    const page = await visit("<p>Well</p>");
    await page.isAccessible();
    await page.fits();
    await page.close();
  });

  test("a script that the policy refuses", async () => {
    const page = await visit("<script>document.title = 'run'</script>");
    await assert.rejects(page.close(), /script-src/);
  });

  test("an uncaught error", async () => {
    const page = await visit("");
    const thrown = page.page.waitForEvent("pageerror");
    await page.page.evaluate(() => {
      setTimeout(() => {
        throw new Error("planted");
      });
    });
    await thrown;
    await assert.rejects(page.close(), /planted/);
  });

  test("a request that fails, unless it was to fail so", async () => {
    await assert.rejects((await visit('<img src="/none" alt="">')).close(), /404/);
    await (await visit('<img src="/none" alt="">')).close(/404/);
    await assert.rejects((await visit('<img src="/none" alt="">')).close(/REFUSED/), /404/);
  });

  test("words that are hard to read, and a control without a name", async () => {
    const page = await visit('<p style="color:#bbb;background:#fff">Faint</p><input>');
    await assert.rejects(page.isAccessible(), /color-contrast.*label/s);
    await page.close();
  });

  test("what is wider than the window", async () => {
    const page = await visit('<p style="width:2000px">Wide</p>');
    await assert.rejects(page.fits(), /Wide/);
    await page.close();
  });
});
