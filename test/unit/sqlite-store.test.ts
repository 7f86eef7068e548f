/** What the SQLite engine promises about its files, beyond what every engine promises about their content. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { suite, test } from "node:test";
import { ADMIN, type Change, type Claim, type Engine } from "../../src/core/engine.ts";
import { problem } from "../../src/core/errors.ts";
import { sqlite } from "../../src/engines/sqlite/index.ts";
import { call, hostOf, newFolder, open, opened } from "../support/sqlite.ts";

suite("the folder of a store", () => {
  test("nobody but its owner can read it, nor any file in it", async (t) => {
    const folder = newFolder(t);
    const before = process.umask(0o000);
    t.after(() => process.umask(before));
    const engine = await opened(t, folder);
    await engine.commit([open()]);
    assert.equal(modeOf(folder), 0o700);
    const files = readdirSync(folder);
    assert.ok(files.includes("spillway.db-wal") && files.includes("spillway.db-shm"), files.join(" "));
    for (const file of files) assert.equal(modeOf(join(folder, file)), 0o600, file);
  });

  test("after a close there is no log beside the database", async (t) => {
    const folder = newFolder(t);
    const engine = await opened(t, folder);
    await engine.commit([open()]);
    await engine.close();
    assert.deepEqual(readdirSync(folder).sort(), ["spillway.db", "spillway.lock", "spillway.pid"]);
  });

  test("the log of a long run stays bounded", async (t) => {
    const folder = newFolder(t);
    const engine = await opened(t, folder, { checkpointPages: 20 });
    for (let group = 0; group < 100; group++) await engine.commit(Array.from({ length: 20 }, () => open()));
    assert.ok(statSync(join(folder, "spillway.db-wal")).size < 100 * 4_096);
  });

  test("a second engine in the same process is refused, and the store is free after a close", async (t) => {
    const folder = newFolder(t);
    const engine = await opened(t, folder);
    await assert.rejects(sqlite(folder).open(hostOf()), {
      code: "configuration",
      message: /open in this process already.*Close/s,
    });
    await engine.commit([open()]);
    await engine.close();
    await (await opened(t, folder)).close();
  });

  test("a database that a newer version wrote is refused and left as it is", async (t) => {
    const folder = newFolder(t);
    await (await opened(t, folder)).close();
    edit(folder, "PRAGMA user_version = 99");
    await assert.rejects(sqlite(folder).open(hostOf()), {
      code: "configuration",
      message: /newer Spillway.*version 99/s,
    });
    edit(folder, "PRAGMA user_version = 4");
    await (await opened(t, folder)).close();
  });

  test("somebody else's database is refused and left as it is", async (t) => {
    const folder = newFolder(t);
    mkdirSync(folder);
    edit(folder, "CREATE TABLE theirs (a)");
    await assert.rejects(sqlite(folder).open(hostOf()), {
      code: "configuration",
      message: /database of something else/,
    });
    const database = new DatabaseSync(join(folder, "spillway.db"));
    assert.deepEqual(
      database
        .prepare("SELECT name FROM sqlite_schema")
        .all()
        .map((row) => row["name"]),
      ["theirs"],
    );
    assert.equal(database.prepare("PRAGMA journal_mode").get()?.["journal_mode"], "delete");
    database.close();
  });

  test("a folder that can be none is refused by name", () => {
    for (const name of ["", "  ", ":memory:", "a\0b"])
      assert.throws(() => sqlite(name), { code: "configuration" });
    assert.throws(
      () => sqlite("./data", { retention: { succeeded: "soon" as "1s" } }),
      /retention\.succeeded is "soon"/,
    );
  });
});

suite("a store that is opened again", () => {
  test("keeps its secret, its last sequence and what was running", async (t) => {
    const folder = newFolder(t);
    const first = await opened(t, folder);
    const given = call();
    await first.commit([{ kind: "open", call: given }]);
    await claim(first, 1);
    await first.close();
    const second = await opened(t, folder);
    assert.equal(second.secret, first.secret);
    assert.equal(second.lastSequence, given.sequence);
    const [record] = await second.find([{ id: given.id, principal: ADMIN }]);
    assert.equal(record?.status, "queued", "its lease was not waited for");
    assert.equal(record?.attempts[0]?.error?.code, "handler-failed");
  });

  test("never gives a version or a place among the changes twice, deletions included", async (t) => {
    const folder = newFolder(t);
    const first = await opened(t, folder);
    const before = await write(first, "put");
    await write(first, "delete");
    const place = Number((await first.changes("ann", undefined, 100)).next);
    const [lease] = await claim(first, 1, async () => void (await first.commit([open({ maxAttempts: 1 })])));
    assert.ok(lease);
    const later = Number((await first.changes("ann", undefined, 100)).next);
    await first.close();
    const second = await opened(t, folder);
    assert.ok((await write(second, "put")) > before);
    await second.commit([open()]);
    const places = (await second.changes("ann", undefined, 100)).jobs.map(({ cursor }) => Number(cursor));
    assert.ok(Math.max(...places) > Math.max(place, later));
  });
});

test("a store that the first version left is opened with everything in it, and goes on", async (t) => {
  const folder = newFolder(t);
  mkdirSync(folder);
  const database = new DatabaseSync(join(folder, "spillway.db"));
  database.exec(
    readFileSync(new URL("../support/sqlite-version-1.sql", import.meta.url), "utf8").replace(/^--.*/, ""),
  );
  // Nothing of it has expired meanwhile.
  database.exec("UPDATE jobs SET expires_at = expires_at + 1e12 WHERE expires_at IS NOT NULL");
  database.close();
  const engine = await opened(t, folder);
  const { items } = await engine.list({ limit: 20 });
  const told = items.map(({ input, status, revision, attempts }) => [
    JSON.parse(input).name ?? JSON.parse(input).length,
    status,
    revision,
    attempts.length,
  ]);
  assert.deepEqual(told, [
    ["running", "queued", 3, 1],
    ["gone", "cancelled", 2, 0],
    ["keyed", "queued", 1, 0],
    ["delayed", "queued", 1, 0],
    [1_100, "queued", 1, 0],
    ["fresh", "queued", 1, 0],
    ["retried", "queued", 3, 1],
    ["failed", "failed", 3, 1],
    ["done", "succeeded", 3, 1],
  ]);
  const changed = (await engine.changes("ann", undefined, 20)).jobs.map(({ job }) => job.id);
  const owned = items.filter(({ principal }) => principal === "ann").map(({ id }) => id);
  assert.deepEqual(changed.toSorted(), owned.toSorted());
  const claimed = await claim(engine, 10);
  assert.deepEqual(
    claimed.map(({ input }) => JSON.parse(input).name ?? "long"),
    ["fresh", "long", "keyed", "delayed"],
  );
  const [again] = await engine.commit([open({ id: "key-of-ann", fingerprint: "f" })]);
  assert.equal(again?.kind, "existing");
  assert.equal((await engine.read([{ table: "things", key: "one" }]))[0]?.version, 1);
});

suite("one change among others", () => {
  test("that cannot be stored is refused alone", async (t) => {
    const engine = await opened(t, newFolder(t));
    const taken = call();
    const clash = call({ sequence: taken.sequence });
    const group = [open(), { kind: "open", call: taken }, { kind: "open", call: clash }, open()] as const;
    const answers = await engine.commit(group);
    assert.deepEqual(
      answers.map(({ kind }) => kind),
      ["opened", "opened", "refused", "opened"],
    );
    assert.deepEqual(answers[2], {
      kind: "refused",
      code: "internal",
      detail: `Sequence ${taken.sequence} belongs to another job already.`,
    });
    const [figures] = await engine.figures();
    assert.equal(figures?.queued, 3);
  });

  test("that cannot cross to the owner rejects its group, and everyone else gets their own answer", async (t) => {
    const engine = await opened(t, newFolder(t));
    const [before, after] = [call(), call()];
    await engine.commit([{ kind: "open", call: before }]);
    const [claimed] = await claim(engine, 1);
    assert.ok(claimed);
    const error = { ...problem("handler-failed"), cause: (() => {}) as unknown as string };
    const verdict = { kind: "failed", error } as const;
    const settlement = { lease: claimed.lease, verdict, reads: [], writes: [], sends: [] };
    const groups = [
      engine.commit([open(), open()]),
      engine.commit([{ kind: "settle", settlement }, open()]),
      engine.commit([{ kind: "open", call: after }]),
      engine.commit([{ kind: "purge", id: before.id }]),
    ] as const;
    await assert.rejects(groups[1], { name: "DataCloneError" });
    assert.equal((await groups[0]).length, 2);
    const [opening] = await groups[2];
    assert.equal(opening?.kind === "opened" && opening.job.id, after.id);
    assert.deepEqual(await groups[3], [{ kind: "unknown" }]);
    const [figures] = await engine.figures();
    assert.deepEqual(
      [figures?.queued, figures?.running],
      [3, 1],
      "nothing of the rejected group was applied",
    );
  });

  test("with a long input is claimed and found with all of it, and gone with it", async (t) => {
    const folder = newFolder(t);
    const engine = await opened(t, folder);
    const input = JSON.stringify("é".repeat(100_000));
    const given = call({ input, maxAttempts: 1 });
    await engine.commit([{ kind: "open", call: given }]);
    const [claimed] = await claim(engine, 1);
    assert.equal(claimed?.input, input);
    const [record] = await engine.find([{ id: given.id, principal: "ann" }]);
    assert.equal(record?.input, input);
    await engine.close();
    const second = await opened(t, folder);
    assert.equal((await second.commit([{ kind: "purge", id: given.id }]))[0]?.kind, "applied");
    await second.close();
    assert.equal(edit(folder, "SELECT count(*) AS rows FROM jobs"), 0);
  });
});

suite("a full store", () => {
  test("refuses whole groups, keeps answering reads, and takes the next one that fits", async (t) => {
    const fatal: Error[] = [];
    const engine = await opened(t, newFolder(t), { maxPages: 60 }, fatal);
    const first = call();
    await engine.commit([{ kind: "open", call: first }]);
    const answers = await engine.commit([
      open(),
      open({ input: JSON.stringify("x".repeat(250_000)) }),
      open(),
    ]);
    const detail = "The disk is full; nothing was kept.";
    for (const answer of answers)
      assert.deepEqual(answer, { kind: "refused", code: "storage-unavailable", detail });
    assert.equal((await engine.find([{ id: first.id, principal: ADMIN }]))[0]?.status, "queued");
    assert.equal((await engine.figures())[0]?.queued, 1, "nothing of the group was applied");
    assert.equal((await engine.commit([open()]))[0]?.kind, "opened");
    assert.deepEqual(fatal, []);
  });
});

test("a store that another program has locked refuses whole groups, and serves again after it", async (t) => {
  const folder = newFolder(t);
  const engine = await opened(t, folder);
  const other = new DatabaseSync(join(folder, "spillway.db"));
  t.after(() => other.close());
  other.exec("BEGIN IMMEDIATE");
  const detail = "The store is busy; nothing was kept.";
  const refused = { kind: "refused", code: "storage-unavailable", detail };
  assert.deepEqual(await engine.commit([open(), open()]), [refused, refused]);
  await assert.rejects(engine.sweep(1), { code: "storage-unavailable", message: detail });
  other.exec("ROLLBACK");
  assert.equal((await engine.commit([open()]))[0]?.kind, "opened");
});

test("a claim of which one job is left is kept as one, and holds it after a failed group too", async (t) => {
  const folder = newFolder(t);
  const engine = await opened(t, folder, { maxPages: 200 });
  await engine.commit(Array.from({ length: 500 }, () => open()));
  const claims = await claim(engine, 500);
  const last = claims.at(-1) as Claim;
  await engine.commit(claims.slice(0, -1).map(succeeded));
  const other = new DatabaseSync(join(folder, "spillway.db"), { readOnly: true });
  const { members } = other.prepare("SELECT members FROM claims").get() ?? {};
  other.close();
  assert.ok(String(members).length < 50, String(members));
  const tooMuch = open({ input: JSON.stringify("x".repeat(900_000)) });
  const refused = await engine.commit([succeeded(last), tooMuch]);
  assert.ok(refused.every(({ kind }) => kind === "refused"));
  const [record] = await engine.find([{ id: last.job.id, principal: ADMIN }]);
  assert.equal(record?.token, last.lease.token);
  const { jobs } = await engine.changes("ann", undefined, 1_000);
  assert.equal(jobs.filter(({ job }) => job.status === "running").length, 1);
  assert.equal((await engine.commit([succeeded(last)]))[0]?.kind, "applied");
});

test("whoever follows their jobs from the first does not keep others waiting, however many have ended", async (t) => {
  const engine = await opened(t, newFolder(t));
  for (let group = 0; group < 10; group++) {
    await engine.commit(Array.from({ length: 1_000 }, () => open()));
    await engine.commit((await claim(engine, 1_000)).map(succeeded));
  }
  const ended = 10_000;
  const seen = new Set<string>();
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  turn();
  for (let after: string | undefined; ; ) {
    const { jobs, next } = await engine.changes("ann", after, 5_000);
    for (const { job } of jobs) seen.add(job.id);
    if (jobs.length === 0) break;
    after = next;
  }
  isOver = true;
  assert.equal(seen.size, ended, "each is told of");
  assert.ok(turns >= 4, `${turns} turns for others`);
});

test("whoever follows their jobs while the store closes is refused like one that comes after it", async (t) => {
  const engine = await opened(t, newFolder(t));
  for (let group = 0; group < 5; group++) await engine.commit(Array.from({ length: 1_000 }, () => open()));
  const changes = assert.rejects(engine.changes("ann", undefined, 10_000), { code: "storage-unavailable" });
  await engine.close();
  await changes;
});

function succeeded({ lease, job }: Claim): Change {
  const verdict = { kind: "succeeded", output: "1" } as const;
  return { kind: "settle", settlement: { lease, claimed: job, verdict, reads: [], writes: [], sends: [] } };
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

/** Runs a statement on a store that nobody serves; answers its first value. */
function edit(folder: string, sql: string): unknown {
  const file = join(folder, "spillway.db");
  const existed = existsSync(file);
  const database = new DatabaseSync(file);
  assert.ok(existed || sql.startsWith("CREATE"));
  try {
    return Object.values(database.prepare(sql).get() ?? {})[0];
  } finally {
    database.close();
  }
}

async function claim(engine: Engine, limit: number, before = async () => {}): Promise<readonly Claim[]> {
  await before();
  const token = `token-${performance.now()}`;
  const [answer] = await engine.commit([
    { kind: "claim", queues: [{ operation: "work", limit }], token, leaseMs: 3_600_000 },
  ]);
  assert.ok(answer?.kind === "claimed");
  return answer.claims;
}

/** Writes one item in a call at once that leaves nothing else; answers the version it has now. */
async function write(engine: Engine, kind: "put" | "delete"): Promise<number> {
  const born = call({ start: { token: "t", leaseMs: 1, ifLost: "forget" } });
  const place = { table: "things", key: "one" };
  const writes = kind === "put" ? [{ ...place, kind, value: "{}" }] : [{ ...place, kind }];
  const lease = { id: born.id, token: "t" };
  const settlement = {
    lease,
    born,
    verdict: { kind: "succeeded", output: "1" },
    reads: [],
    writes,
    sends: [],
  } as const;
  assert.equal((await engine.commit([{ kind: "settle", settlement }]))[0]?.kind, "applied");
  return (await engine.read([place]))[0]?.version ?? 0;
}
