/** Folders that the SQLite engine cannot have: refused as a mistake in the set-up, with the next step. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { sqlite } from "../../src/engines/sqlite/index.ts";
import { hostOf, newFolder } from "../support/sqlite.ts";

const NOBODY = 65_534;
/** Only root can be somebody else for a while. */
const isRoot = process.getuid?.() === 0;

suite("a folder that cannot be had", () => {
  test("what cannot be a folder is refused at once, with the next step", async (t) => {
    const folder = newFolder(t);
    mkdirSync(folder);
    const file = join(folder, "file");
    writeFileSync(file, "");
    const isRefused = (name: string, message: RegExp) =>
      assert.rejects(async () => sqlite(name).open(hostOf()), { code: "configuration", message });
    await isRefused(file, /file is a file, and sqlite\(\) needs a folder\. Name another/);
    await isRefused(join(file, "below/it"), /\/file is a file, and sqlite\(\) needs a folder/);
    await isRefused(join(folder, "x".repeat(300)), /cannot be made or used \(ENAMETOOLONG.*another folder/);
    if (process.platform === "linux")
      await isRefused("/proc/nope/below", /The folder \/proc\/nope\/below cannot/);
  });

  test("a folder of another user is refused with the number of this one", { skip: !isRoot }, async (t) => {
    const folder = newFolder(t);
    mkdirSync(folder, { mode: 0o755 });
    process.seteuid?.(NOBODY);
    try {
      for (const name of [folder, join(folder, "in-it")]) {
        await assert.rejects(async () => sqlite(name).open(hostOf()), {
          code: "configuration",
          message: `The folder ${name} cannot be written by this user (EACCES). Give it to user ${NOBODY}, or name another folder in sqlite().`,
        });
      }
    } finally {
      process.seteuid?.(0);
    }
  });
});
