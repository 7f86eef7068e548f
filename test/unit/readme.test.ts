/** The programs that the pages show, run as they stand there. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import type { App } from "../../src/app/app.ts";
import { requestOf } from "../support/door-exchange.ts";

const root = join(import.meta.dirname, "../..");

/** The first program that a page shows, written where it finds the package by the name under which users import it. */
async function programOf(page: string, context: TestContext): Promise<string> {
  const text = await readFile(join(root, page), "utf8");
  const [, program] = /```ts\n([\s\S]*?)```/.exec(text) ?? [];
  assert.ok(program, `${page} shows a program`);
  await mkdir(join(root, ".data"), { recursive: true });
  const folder = await mkdtemp(join(root, ".data/page-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "app.ts"), program);
  return folder;
}

test("the page on writing operations shows an app that loads and can be called", async (context) => {
  const folder = await programOf("docs/operations.md", context);
  const { app } = (await import(join(folder, "app.ts"))) as { readonly app: App };
  const host = { node: "test", adminToken: undefined, boundToLoopback: true, onFatal: assert.fail };
  const running = await app.start(host);
  const headers = { authorization: "Bearer 0123456789abcdef-alice" };
  const request = requestOf("POST", "/operations/visit", { headers, body: '{"page":"/"}' });
  await running.door.handle(request);
  const { status, body: counter } = await running.door.handle(request);
  assert.deepEqual([status, JSON.parse(counter)], [200, { page: "/", visits: 2 }]);
  await running.finishWork(1_000);
  await running.close();
});

test("the page on tables of the app's own shows an app that loads and can be called", async (context) => {
  const folder = await programOf("docs/own-tables.md", context);
  process.env["SPILLWAY_DATA"] = join(folder, "data");
  const { app } = (await import(join(folder, "app.ts"))) as { readonly app: App };
  const host = { node: "test", adminToken: undefined, boundToLoopback: true, onFatal: assert.fail };
  const running = await app.start(host);
  const call = async (input: object) => {
    const request = requestOf("POST", "/operations/book", { body: JSON.stringify(input) });
    return (await running.door.handle(request)).status;
  };
  assert.equal(await call({ seat: "1a", guest: "ann" }), 200);
  assert.equal(await call({ seat: "1a", guest: "bob" }), 409);
  await running.finishWork(1_000);
  await running.close();
});

test("the README's example runs, answers at once, and keeps its data where it says", async (context) => {
  const readme = await readFile(join(root, "README.md"), "utf8");
  const folder = await programOf("README.md", context);
  const env = { ...process.env, PORT: "0" };
  const server = spawn(process.execPath, ["app.ts"], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(server, "exit");
  let url = "";
  for await (const line of createInterface({ input: server.stdout })) {
    url = /^Listening on (\S+)/.exec(line)?.[1] ?? url;
    if (/^Admin token/.test(line)) break;
  }
  const [, path] = /http:\/\/127\.0\.0\.1:3000(\/operations\/\S+)/.exec(readme) ?? [];
  const [, body] = /-d '([^']+)'/.exec(readme) ?? [];
  const response = await fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: body ?? "",
  });
  assert.equal(response.status, 200);
  const order = (await response.json()) as { readonly orderId: string; readonly sku: string };
  assert.equal(order.sku, "lamp");
  assert.ok(order.orderId.length >= 22);
  assert.ok(await readFile(join(folder, "data/spillway.db")));
  server.kill("SIGTERM");
  assert.deepEqual(await ended, [0, null]);
});
