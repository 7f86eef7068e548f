/**
 * A disk that fails fsync, made with strace: from the N-th one on, every fsync of a file of the store answers EIO.
 * No commit may be reported whose own fsync had not succeeded before, and the process must end with an exit code
 * within a second. The judge is proved by two planted bugs.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";

const loop = join(import.meta.dirname, "../support/sqlite-commit-loop.ts");
const required = process.env["SPILLWAY_REQUIRE"]?.split(",").includes("strace");
const skip = required ? false : "needs strace and root; SPILLWAY_REQUIRE=strace runs it";

type Trial = {
  readonly mode?: "honest" | "swallow" | "automatic";
  /** Where the fault is: in every fsync of the store, or only in those that end a checkpoint. */
  readonly files: "all" | "database";
  readonly from: number;
};

/** What was seen, in the order of events. */
type Seen = {
  readonly failedAt: number | undefined;
  readonly failedFile: string | undefined;
  readonly exitedAt: number;
  readonly exitCode: number;
  readonly reports: number;
  readonly reportsAfter: number;
  /** Commits reported without a finished fsync of the log since they began; none can be told where only the database is watched. */
  readonly falseReports: readonly number[];
};

suite("a disk that fails fsync", { skip }, () => {
  test("from any fsync of the start on, the engine does not open", async (t) => {
    for (const from of [1, 2, 3]) {
      const seen = await watch(t, { files: "all", from });
      judge(seen);
      assert.equal(seen.reports, 0);
    }
  });

  test("from any fsync between two checkpoints on, or a later one, only what is there was reported", async (t) => {
    const failed = new Set<string>();
    for (const from of [...Array.from({ length: 12 }, (_, place) => 40 + place), 100, 333]) {
      const seen = await watch(t, { files: "all", from });
      judge(seen);
      assert.ok(seen.reports > 10);
      failed.add(seen.failedFile ?? "");
    }
    assert.deepEqual(
      [...failed].sort(),
      ["spillway.db", "spillway.db-wal"],
      "a commit and a checkpoint were struck",
    );
  });

  test("in checkpoints alone, it ends the process as well", async (t) => {
    for (const from of [2, 5, 30]) judge(await watch(t, { files: "database", from }));
  });

  test("a process that takes a failed commit for a success is caught", async (t) => {
    const seen = await watch(t, { mode: "swallow", files: "all", from: 40 });
    assert.ok(seen.falseReports.length > 10);
    assert.throws(() => judge(seen));
  });

  test("a process whose checkpoints swallow the error, as SQLite's own do, is caught", async (t) => {
    const seen = await watch(t, { mode: "automatic", files: "database", from: 3 });
    assert.ok(seen.failedAt !== undefined && seen.reportsAfter > 10);
    assert.throws(() => judge(seen));
  });
});

/** One commit may be reported after a fault: the one whose own fsync had ended when the checkpoint's failed. */
function judge({ failedAt, exitedAt, exitCode, falseReports, reportsAfter }: Seen): void {
  assert.ok(failedAt !== undefined, "the fault was met");
  assert.deepEqual(falseReports, []);
  assert.ok(reportsAfter <= 1, `${reportsAfter} commits reported after the fault`);
  assert.notEqual(exitCode, 0);
  assert.ok(exitedAt - failedAt < 1, `ended ${exitedAt - failedAt} s after the fault`);
}

async function watch(t: TestContext, { mode = "honest", files, from }: Trial): Promise<Seen> {
  const folder = mkdtempSync(join(tmpdir(), "spillway-fsync-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const store = join(folder, "data");
  const output = join(folder, "output");
  const log = join(folder, "strace");
  // strace injects into every fsync that it traces, so what shall not fail cannot be seen either.
  const names = files === "all" ? ["spillway.db", "spillway.db-wal"] : ["spillway.db"];
  const paths = [output, ...names.map((name) => join(store, name))].flatMap((path) => ["-P", path]);
  const faults = [
    "-e",
    "trace=write,fsync,fdatasync",
    "-e",
    `inject=fsync,fdatasync:error=EIO:when=${from}+`,
  ];
  const options = ["-f", "-y", "-ttt", "-s", "40", "-o", log, ...paths, ...faults];
  const standardOutput = openSync(output, "w");
  const child = spawn("strace", [...options, process.execPath, loop, store, mode], {
    stdio: ["ignore", standardOutput, "ignore"],
  });
  const [exitCode] = (await once(child, "exit")) as [number];
  closeSync(standardOutput);
  return seenIn(readFileSync(log, "utf8"), exitCode, files === "all");
}

/** Lines come in the order of events; a call that another thread's interrupts has two, of which the first names the file. */
function seenIn(trace: string, exitCode: number, isLogTraced: boolean): Seen {
  let failedAt: number | undefined;
  let failedFile: string | undefined;
  let exitedAt = 0;
  let isSynced = false;
  let reports = 0;
  let reportsAfter = 0;
  const falseReports: number[] = [];
  const syncing = new Map<string, string>();
  for (const line of trace.split("\n")) {
    const [, thread = "", at = ""] = /^(\d+) +(\d+\.\d+)/.exec(line) ?? [];
    if (at) exitedAt = Number(at);
    const begun = /f(?:data)?sync\(\d+<[^>]*\/([^/>]+)>/.exec(line);
    if (begun) syncing.set(thread, begun[1] ?? "");
    if (begun || /f(?:data)?sync resumed/.test(line)) {
      if (line.includes("(INJECTED)")) {
        failedAt ??= Number(at);
        failedFile ??= syncing.get(thread);
      } else if (/= 0$/.test(line) && syncing.get(thread)?.endsWith("-wal")) isSynced = true;
    }
    if (line.includes('"begin ')) isSynced = false;
    const done = /"done (\d+)/.exec(line);
    if (!done) continue;
    reports++;
    if (failedAt !== undefined) reportsAfter++;
    if (isLogTraced && !isSynced) falseReports.push(Number(done[1]));
  }
  return { failedAt, failedFile, exitedAt, exitCode, reports, reportsAfter, falseReports };
}
