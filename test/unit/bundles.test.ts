// What ends up in a bundle: nothing of AWS for whoever does not import it, and a queue's function that starts quickly.
import assert from "node:assert/strict";
import { join } from "node:path";
import { suite, test } from "node:test";
import { build } from "esbuild";
import { bytesAtStart, partsOf } from "../../bench/measure/parts.ts";
import { bundlesOf } from "../../src/synth/bundles.ts";

const root = join(import.meta.dirname, "../..");

/** Of one of Spillway's public modules, with all that it reaches. */
async function bundled(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(root, "src", entry)],
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node24",
    outdir: "bundles",
    splitting: true,
    write: false,
  });
  return outputFiles.map(({ text }) => text).join("\n");
}

suite("a bundle", () => {
  for (const { module, entry } of [
    { module: "spillway", entry: "index.ts" },
    { module: "spillway/sqlite", entry: "engines/sqlite/index.ts" },
  ]) {
    test(`of ${module} names nothing of AWS`, async () => {
      const text = await bundled(entry);
      assert.ok(text.length > 10_000);
      assert.deepEqual(text.match(/.{0,40}(?:@aws-|dynamodb|lambda|amazonaws).{0,40}/gi), null);
    });
  }

  test("of a queue's function has 400 KiB at most to load at its start, AWS's clients among them", async () => {
    const files = await bundlesOf(join(root, "bench/apps/plain.ts"), ["queue"]);
    const parts = partsOf(
      new Map(files.map(({ path, contents }) => [path.slice("queue/".length), contents])),
    );
    const kibibytes = bytesAtStart(parts) / 1_024;
    assert.ok(kibibytes <= 400, `${kibibytes.toFixed(1)} KiB`);
    assert.ok(kibibytes > 250, "AWS's clients are in it");
    assert.ok(parts.some(({ isOptional }) => isOptional));
  });
});
