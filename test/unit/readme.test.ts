/** The README's own program, run as it stands there. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";

const root = join(import.meta.dirname, "../..");

test("the README's example runs, answers at once, and keeps its data where it says", async (context) => {
  const readme = await readFile(join(root, "README.md"), "utf8");
  const [, program] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
  assert.ok(program, "README.md shows a program");
  // Within the package, so that it is found by the name under which users import it.
  await mkdir(join(root, ".data"), { recursive: true });
  const folder = await mkdtemp(join(root, ".data/readme-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "app.ts"), program);

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
