/**
 * A disk that is really full, on a small file system in memory. While it is, whole groups are refused and reads go
 * on; once there is room, the next group is taken by the same process. Nothing that was accepted is ever lost.
 */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { ADMIN, type Engine } from "../../src/core/engine.ts";
import type { JobId } from "../../src/core/job.ts";
import { call, opened } from "../support/sqlite.ts";
import { smallDisk } from "./small-disk.ts";

const required = process.env["SPILLWAY_REQUIRE"]?.split(",").includes("root");
const skip = required ? false : "needs root; SPILLWAY_REQUIRE=root runs it";

suite("a full disk", { skip }, () => {
  test("is told as storage-unavailable, again and again, and heals without a restart", async (t) => {
    const disk = smallDisk(t, "size=6m");
    const ballast = ["one", "two", "three"].map((name) => join(disk, name));
    for (const file of ballast) writeFileSync(file, Buffer.alloc(700_000));
    const fatal: Error[] = [];
    const folder = join(disk, "data");
    const engine = await opened(t, folder, { checkpointPages: 50 }, fatal);
    const accepted: JobId[] = [];
    for (const file of ballast) {
      await fill(engine, accepted);
      assert.equal((await engine.figures())[0]?.queued, accepted.length, "reads go on");
      rmSync(file);
      assert.ok(await accept(engine, accepted), "there is room again");
    }
    await fill(engine, accepted);
    await engine.close();
    assert.deepEqual(fatal, []);
    const again = await opened(t, folder, {}, fatal);
    const records = await again.find(accepted.map((id) => ({ id, principal: ADMIN })));
    assert.ok(records.every((record) => record?.status === "queued"));
    assert.equal((await again.figures())[0]?.queued, accepted.length);
  });
});

/** Accepts until five groups in a row were refused. */
async function fill(engine: Engine, accepted: JobId[]): Promise<void> {
  for (let refused = 0; refused < 5; ) refused = (await accept(engine, accepted)) ? 0 : refused + 1;
}

async function accept(engine: Engine, accepted: JobId[]): Promise<boolean> {
  const calls = Array.from({ length: 10 }, () => call({ input: JSON.stringify("x".repeat(2_000)) }));
  const answers = await engine.commit(calls.map((one) => ({ kind: "open", call: one })));
  const kinds = new Set(answers.map(({ kind }) => kind));
  assert.equal(kinds.size, 1, "a group is taken whole or not at all");
  if (kinds.has("opened")) accepted.push(...calls.map(({ id }) => id));
  else
    for (const answer of answers)
      assert.equal(answer.kind === "refused" && answer.code, "storage-unavailable");
  return kinds.has("opened");
}
