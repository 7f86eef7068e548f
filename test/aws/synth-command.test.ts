/** `spillway synth` as somebody types it: what is written, what is printed, and what stays as it was. */
import assert from "node:assert/strict";
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, suite, test } from "node:test";

const root = join(import.meta.dirname, "../..");
const orders = join(root, "examples/orders/app.ts");

suite("spillway synth", () => {
  const work = mkdtempSync(join(tmpdir(), "spillway-synth-"));
  after(() => rmSync(work, { recursive: true }));

  const synth = (...args: readonly string[]): SpawnSyncReturns<string> =>
    spawnSync(process.execPath, [join(root, "src/cli/main.ts"), "synth", ...args], {
      cwd: work,
      encoding: "utf8",
      timeout: 120_000,
    });

  const filesOf = (folder: string): readonly string[] =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => relative(folder, join(parentPath, name)));

  const folder = join(work, "aws");

  test("writes a template, the code of each function, and what it decided", () => {
    const { status, stdout, stderr } = synth(orders);
    assert.equal(stderr, "");
    assert.equal(status, 0);
    const template = readFileSync(join(folder, "template.json"), "utf8");
    assert.equal(template, readFileSync(join(root, "test/unit/synth-orders.template"), "utf8"));
    for (const [, code = ""] of template.matchAll(/"Code": "\.\/(code\/\w+)"/g)) {
      assert.ok(existsSync(join(folder, code, "index.mjs")), code);
    }
    assert.match(stdout, /\| place-order +\| spill +\| public +\| yes +\| orders-db +\|/);
    assert.match(stdout, /Written: aws\/template\.json/);
    assert.match(stdout, /aws cloudformation package --template-file aws\/template\.json/);
    assert.match(readFileSync(join(folder, "README.md"), "utf8"), /^# This app on AWS/);
  });

  test("bundles handlers that load, and nothing that functions never open", async () => {
    const code = join(folder, "code");
    for (const file of filesOf(code)) {
      const [found] = /node:sqlite|createServer\(/.exec(readFileSync(join(code, file), "utf8")) ?? [];
      assert.equal(found, undefined, file);
    }
    const { handler } = await import(join(code, "status/index.mjs"));
    assert.equal(typeof handler, "function");
  });

  test("leaves what is the same untouched, and what is not its own", () => {
    const times = () => filesOf(folder).map((file) => [file, statSync(join(folder, file)).mtimeMs]);
    writeFileSync(join(folder, "packaged.json"), "{}");
    writeFileSync(join(folder, "code/http/old-chunk.mjs"), "");
    const before = times().filter(([file]) => file !== "code/http/old-chunk.mjs");
    assert.equal(synth(orders).status, 0);
    assert.deepEqual(times(), before);
  });

  test("refuses a folder that holds something else", () => {
    writeFileSync(join(mkdtempSync(join(work, "other-")), "mine.txt"), "mine");
    const [other = ""] = readdirSync(work).filter((name) => name.startsWith("other-"));
    const { status, stderr } = synth(orders, "--out", other);
    assert.equal(status, 2);
    assert.match(stderr, /holds something else than an earlier synth\. Name another folder/);
    assert.deepEqual(readdirSync(join(work, other)), ["mine.txt"]);
  });

  test("refuses what AWS cannot honour, all of it at once, and writes nothing", () => {
    const app = join(work, "app.ts");
    writeFileSync(
      app,
      `import { operation, resource, spillway } from ${JSON.stringify(join(root, "src/index.ts"))};
import { sqlite } from ${JSON.stringify(join(root, "src/engines/sqlite/index.ts"))};
const input = { "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) } };
const mail = resource("mail", { concurrency: 1, rate: "5/s" });
export const app = spillway({
  operations: [operation({ name: "send-mail", input, flow: "event", limits: mail, backlog: 9 }, () => {})],
  engine: sqlite("./never"),
});
setInterval(() => {}, 1_000);
`,
    );
    const { status, stdout, stderr } = synth(app, "--out", "never");
    assert.equal(status, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /^spillway: AWS cannot honour this app as it is\. Nothing was written\./);
    assert.equal(stderr.split("→").length - 1, 3, stderr);
    assert.ok(!existsSync(join(work, "never")));
  });
});
