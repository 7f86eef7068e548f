// A process that commits one call after another and says so, for tests that break the disk under it:
// `node sqlite-commit-loop.ts FOLDER [honest|swallow|automatic]`. It writes "begin N" before and "done N" after
// each commit, and ends with code 70 once the engine says that nothing can be promised. The two planted bugs do
// without the engine: `swallow` takes a failed commit for a success, `automatic` leaves checkpoints to SQLite.
import { mkdirSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { systemClock } from "../../src/core/clock.ts";
import { Ids } from "../../src/core/ids.ts";
import { systemRandom } from "../../src/core/random.ts";
import { PORTABLE_SIZES, retentionOf } from "../../src/core/store-defaults.ts";
import { openSqlite } from "../../src/engines/sqlite/engine.ts";

const MOST_COMMITS = 2_000;
const CHECKPOINT_PAGES = 20;

const [folder = "", mode = "honest"] = process.argv.slice(2);

function say(what: "begin" | "done", commit: number): void {
  writeSync(1, `${what} ${commit}\n`);
}

async function honest(): Promise<void> {
  const clock = systemClock();
  const random = systemRandom();
  const onFatal = (error: Error) => {
    writeSync(2, `${error.message}\n`);
    process.exit(70);
  };
  const limits = { ...PORTABLE_SIZES, singleOwner: true, groupsInFlight: 1 };
  const retention = retentionOf(undefined, "the loop");
  const engine = await openSqlite(
    { folder, limits, retention, checkpointPages: CHECKPOINT_PAGES },
    { clock, random, onFatal },
  );
  const ids = new Ids(clock, random, engine.lastSequence);
  for (let commit = 1; commit <= MOST_COMMITS; commit++) {
    const common = {
      operation: "work",
      principal: "",
      input: '"x"',
      inputVersion: 1,
      delayMs: 0,
      maxAttempts: 1,
    };
    const call = { ...ids.mint(), ...common, details: { origin: "test" }, start: "queued" } as const;
    say("begin", commit);
    const [answer] = await engine.commit([{ kind: "open", call }]);
    if (answer?.kind === "opened") say("done", commit);
  }
  await engine.close();
}

function planted(): void {
  mkdirSync(folder, { recursive: true });
  const database = new DatabaseSync(join(folder, "spillway.db"));
  database.exec(
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS jobs (input)",
  );
  database.exec(`PRAGMA wal_autocheckpoint = ${mode === "automatic" ? CHECKPOINT_PAGES : 0}`);
  const insert = database.prepare("INSERT INTO jobs VALUES ('x')");
  for (let commit = 1; commit <= MOST_COMMITS; commit++) {
    say("begin", commit);
    try {
      insert.run();
    } catch (error) {
      if (mode !== "swallow") throw error;
    }
    say("done", commit);
  }
}

if (mode === "honest") await honest();
else planted();
