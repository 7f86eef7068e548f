/** The programs of docs/aws-operating.md, run as they stand there, against the emulators. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { rig, withoutMoto } from "./support/rig.ts";

const root = join(import.meta.dirname, "../..");

/** Each program of the page in a file of the name that it says, where it finds the package as users do. */
async function programs(page: string, context: TestContext): Promise<string> {
  const text = await readFile(join(root, page), "utf8");
  await mkdir(join(root, ".data"), { recursive: true });
  const folder = await mkdtemp(join(root, ".data/page-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  for (const [, program = "", name = ""] of text.matchAll(/```ts\n(\/\/ ([\w.]+),[\s\S]*?)```/g)) {
    await writeFile(join(folder, name), program);
  }
  return folder;
}

test("a container serves the app from the table and the queue that the page makes", {
  skip: withoutMoto,
}, async (context) => {
  const folder = await programs("docs/aws-operating.md", context);
  const { environment } = await rig();
  const env: NodeJS.ProcessEnv = { ...process.env, ...environment, PORT: "0", SPILLWAY_ADMIN_TOKEN: "" };
  const run = (program: string, more: NodeJS.ProcessEnv = {}) =>
    spawn(process.execPath, [program], {
      cwd: folder,
      env: { ...env, ...more },
      stdio: ["ignore", "pipe", "inherit"],
    });

  const prepared: Record<string, string> = {};
  const prepare = run("prepare.ts");
  for await (const line of createInterface({ input: prepare.stdout })) {
    const [, name = "", value = ""] = /^(\w+)=(.*)$/.exec(line) ?? [];
    prepared[name] = value;
  }
  // The emulator names a host in its queues' URLs that only some machines find.
  const queues = prepared["SPILLWAY_QUEUES"]?.replace(
    /http:\/\/[^/]+/,
    environment["AWS_ENDPOINT_URL_SQS"] ?? "",
  );
  const server = run("app.ts", { ...prepared, SPILLWAY_QUEUES: queues });
  context.after(() => server.kill("SIGKILL"));
  const ended = once(server, "exit");
  let url = "";
  for await (const line of createInterface({ input: server.stdout })) {
    url = /^Listening on (\S+)/.exec(line)?.[1] ?? url;
    if (/^Admin token/.test(line)) break;
  }
  const call = (headers: Record<string, string>) =>
    fetch(`${url}/operations/place-order`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: '{"sku":"lamp"}',
    });
  const atOnce = (await (await call({})).json()) as { readonly sku: string };
  assert.equal(atOnce.sku, "lamp");
  const accepted = await call({ prefer: "respond-async" });
  assert.equal(accepted.status, 202);
  const receipt = await fetch(`${url}${accepted.headers.get("location")}`, {
    headers: { prefer: "wait=20" },
  });
  const { status, output } = (await receipt.json()) as { readonly status: string; readonly output: unknown };
  assert.deepEqual([status, (output as { readonly sku: string }).sku], ["succeeded", "lamp"]);
  server.kill("SIGTERM");
  assert.deepEqual(await ended, [0, null]);
});
