// How the bench says what it found: where Spillway loses, the table must show it, and a goal must not be called
// reached by rounding, by a missing figure or by pointing the wrong way.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { bounds, goals } from "../../bench/goals.ts";
import type { MainMeasured } from "../../bench/measure/main-run.ts";
import { shareOfOthers } from "../../bench/measure/neighbours.ts";
import type { PeersMeasured } from "../../bench/peers/run.ts";
import { fileNameOf, type Result } from "../../bench/report/result.ts";
import type { Measured, Sample } from "../../bench/report/sample.ts";
import { busyNote } from "../../bench/report/surroundings.ts";
import { markdownTable, textTable } from "../../bench/report/table.ts";
import { amount, sentenceOf, shareOfGoal, verdictsOf } from "../../bench/report/verdict.ts";
import { foundOf as coldOf } from "../../bench/runs/cold.ts";
import { foundOf as consoleOf } from "../../bench/runs/console.ts";
import { foundOf as mainOf } from "../../bench/runs/main.ts";
import { foundOf as peersOf } from "../../bench/runs/peers.ts";
import { figuresOf as postgresSoakFigures } from "../../bench/runs/postgres-soak.ts";
import { figuresOf as soakFigures } from "../../bench/runs/soak.ts";

const row = (id: string, ...samples: readonly Sample[]): Measured => ({ id, name: id, samples });
const sample = (perSecond: number, cpuMicros: number): Sample => ({
  perSecond,
  cpuMicros,
  p50Ms: 1,
  p99Ms: 2,
});

const measured: MainMeasured = {
  floors: { fastify: row("fastify", sample(40_000, 20)), empty: row("empty", sample(60_000, 15)) },
  products: [
    { label: "this tree", rows: { accept: row("accept", { ...sample(28_000, 26), perCommit: 33 }) } },
    { label: "abc1234", rows: { accept: row("accept", { ...sample(14_000, 52), perCommit: 24 }) } },
  ],
};

suite("verdicts", () => {
  test("a bound at its value is reached, just beside it missed, in either direction", () => {
    const reached = (figures: Parameters<typeof verdictsOf>[0]) =>
      verdictsOf(figures).map((one) => one.reached);
    assert.deepEqual(reached({ "accept-rate": 0.8 }), [true]);
    assert.deepEqual(reached({ "accept-rate": 0.799 }), [false]);
    assert.deepEqual(reached({ "accept-cpu": 1.35 }), [true]);
    assert.deepEqual(reached({ "accept-cpu": 1.351 }), [false]);
  });

  test("what was not measured is neither reached nor missed", () => {
    assert.deepEqual(verdictsOf({}), []);
    assert.deepEqual(verdictsOf({ "accept-rate": undefined, "keyed-rate": Number.NaN }), []);
  });

  test("the share of a goal grows with how good a figure is, whichever way the goal points", () => {
    const [rate, cpu] = verdictsOf({ "accept-rate": 0.4, "accept-cpu": 2.7 });
    assert.deepEqual(
      [rate, cpu].map((one) => one && shareOfGoal(one).toFixed(2)),
      ["0.50", "0.50"],
    );
  });

  test("a sentence holds the goal, the word, the figure and the bound", () => {
    const [verdict] = verdictsOf({ "drain-rate": 23_456.7 });
    assert.ok(verdict);
    assert.match(sentenceOf(verdict), /^P4 +MISSED .*jobs per second: 23,457\/s \(at least 150,000\/s\)$/);
    assert.equal(amount(0.8249, "×"), "0.82 ×");
  });

  test("every bound belongs to a goal, and every goal has one", () => {
    const held = new Set(Object.values(bounds).map(({ goal }) => goal));
    assert.deepEqual([...held].toSorted(), Object.keys(goals).toSorted());
  });
});

suite("the main table", () => {
  const found = mainOf(measured);
  const [table, compared] = found.tables(verdictsOf(found.figures)).map((one) => one.table);

  test("shows the ratio to Fastify and marks what misses its goal, and only that", () => {
    const accept = table?.rows.find(([name]) => name === "accept");
    assert.deepEqual(
      ["of Fastify", "its CPU", "per fsync", "of goal"].map(
        (head) => accept?.[table?.head.indexOf(head) ?? 0],
      ),
      ["0.70 ✗", "1.30", "33", "0.87 ✗"],
    );
  });

  test("compares two builds row by row", () => {
    assert.deepEqual(compared?.rows, [
      ["accept", "14,000 → 28,000", "2.00 ×", "52.0 → 26.0", "0.50 ×", "2.00 → 2.00", "24 → 33", ""],
    ]);
  });

  test("keeps the other build's samples under its own name", () => {
    assert.deepEqual(
      found.rows.map(({ id }) => id),
      ["fastify", "empty", "accept", "accept@abc1234"],
    );
  });
});

suite("the table of the peers", () => {
  const peer = (id: string, rows: PeersMeasured["peers"][number]["rows"]) => ({
    id,
    name: id,
    settings: "s",
    rows,
  });
  const found = peersOf({
    peers: [
      peer("spillway", { accept: row("a", sample(30_000, 30)), drain: row("d", sample(90_000, 10)) }),
      peer("bullmq", { accept: row("a", sample(10_000, 90)), drain: row("d", sample(15_000, 60)) }),
    ],
    skipped: ["Restate: there is none for this machine."],
  });
  const tables = found.tables(verdictsOf(found.figures));

  test("marks the ratio that misses its goal, although it is above 1", () => {
    assert.deepEqual(
      tables.map(({ table }) => table.rows[1]?.slice(-2)),
      [
        ["3.00 ×", "0.33 ×"],
        ["6.00 × ✗", "0.17 ×"],
      ],
    );
  });

  test("compares nothing where Spillway itself was not measured", () => {
    const others = peersOf({
      peers: [
        peer("bullmq", { accept: row("a", sample(1, 1)) }),
        peer("pg-boss", { accept: row("a", sample(9, 9)) }),
      ],
      skipped: [],
    });
    assert.deepEqual([others.figures, others.tables([])], [{}, []]);
  });

  test("says what was not measured, and says beside Restate that it does more", () => {
    assert.deepEqual(found.skipped, ["Restate: there is none for this machine."]);
    assert.ok(found.notes.some((note) => /Restate journals every call/.test(note)));
    assert.equal(found.figures["restate-send"], undefined);
  });
});

test("of lists the slowest counts, and of what consoles cost the median", () => {
  const { figures } = consoleOf({
    lists: [
      { path: "jobs?", fewMs: 1, manyMs: 1.5 },
      { path: "audit", fewMs: 2, manyMs: 7 },
    ],
    cpuMsPerSecond: [5, 40, 6],
    statementsPerSecond: [5, 5, 5],
    statementsPerJob: [0, 0, 1],
  });
  assert.deepEqual(
    verdictsOf(figures).map(({ name, measured, reached }) => [name, measured, reached]),
    [
      ["console-cpu", 6, true],
      ["console-statements", 0, true],
      ["console-lists", 3.5, false],
    ],
  );
});

test("of a function's load the median of the rounds' own ratios counts, and of its size only what it needs at the start", () => {
  const loads = (...all: readonly number[]) => all.map((ms) => ({ ms, cpuMs: ms }));
  const { figures } = coldOf({
    plain: [
      { file: "index.mjs", bytes: 300 * 1_024, isOptional: false },
      { file: "chunk-A.mjs", bytes: 50 * 1_024, isOptional: false },
      { file: "sts-B.mjs", bytes: 900 * 1_024, isOptional: true },
    ],
    orders: [],
    clients: [],
    // The second round was slow for both.
    loads: { plain: loads(60, 300, 70), orders: [], ordersHttp: [], clients: loads(50, 200, 50) },
  });
  assert.deepEqual(figures, { "cold-size": 350, "cold-load": 1.4 });
});

test("a soak that loses rate, gains latency and grows misses its goals", () => {
  const stretch = (seconds: number, perSecond: number, p99Ms: number, rssMiB: number) => ({
    ...{ failures: 0, p50Ms: 1, cpuMicros: 1, logMiB: 4, databaseMiB: 10, queued: 0 },
    ...{ seconds, perSecond, p99Ms, rssMiB },
  });
  const stretches = [stretch(60, 100, 10, 100), stretch(120, 95, 11, 130), stretch(180, 80, 12, 150)];
  const verdicts = verdictsOf(
    soakFigures({ peakPerSecond: 170, offeredPerSecond: 100, plannedSeconds: 180, stretches }),
  );
  assert.deepEqual(
    verdicts.map(({ name, measured, reached }) => [name, Math.round(measured), reached]),
    [
      ["soak-kept", 92, false],
      ["soak-rate", 20, false],
      ["soak-p99", 20, false],
      ["soak-memory", 50, false],
      ["soak-log", 4, true],
    ],
  );
});

test("a soak that could not keep its rate has missed, and its drift is not called flat", () => {
  const stretches = [{ seconds: 20, perSecond: 100, failures: 0, p50Ms: 1, p99Ms: 1, cpuMicros: 1 }].map(
    (one) => ({ ...one, rssMiB: 1, logMiB: 1, databaseMiB: 1, queued: 0 }),
  );
  const figures = soakFigures({ peakPerSecond: 170, offeredPerSecond: 100, plannedSeconds: 600, stretches });
  assert.deepEqual(Object.keys(figures), ["soak-kept"]);
  assert.deepEqual(
    verdictsOf(figures).map(({ reached }) => reached),
    [false],
  );
});

test("a soak on PostgreSQL is judged by its last tenth beside its first, and by the table that grew most", () => {
  const tenth = (costs: number, rate: number, live: number) => ({
    jobs: 1_000,
    acceptPerSecond: 10_000,
    acceptStoreMicros: costs,
    drainPerSecond: rate,
    drainStoreMicros: costs,
    drainWorkerMicros: 10,
    sizesMiB: { jobs: 100, live, outcomes: 100 },
  });
  const figures = postgresSoakFigures([tenth(10, 1_000, 10), tenth(50, 1, 99), tenth(11, 700, 15)]);
  assert.deepEqual(
    verdictsOf(figures).map(({ name, measured, reached }) => [name, Math.round(measured), reached]),
    [
      ["postgres-soak-accept", 10, true],
      ["postgres-soak-drain", 10, true],
      ["postgres-soak-rate", 30, false],
      ["postgres-soak-size", 50, false],
    ],
  );
});

test("a machine that was busy with other work is said to have been", () => {
  assert.deepEqual(busyNote(undefined), []);
  assert.deepEqual(busyNote(0.05), []);
  assert.match(busyNote(0.4).join(), /NOT A QUIET MACHINE: other work took 40% of it/);
  assert.equal(shareOfOthers(900, 700, 1_000), 0.2);
  assert.equal(shareOfOthers(690, 700, 1_000), 0);
});

suite("output", () => {
  test("columns of a text table line up, the first to the left", () => {
    assert.equal(
      textTable({
        head: ["", "n"],
        rows: [
          ["ab", "1"],
          ["c", "100"],
        ],
      }),
      "      n\nab    1\nc   100",
    );
  });

  test("a Markdown table keeps a bar in a cell a part of it", () => {
    assert.equal(
      markdownTable({ head: ["", "n"], rows: [["a|b", "1"]] }),
      "|  | n |\n| --- | --: |\n| a\\|b | 1 |",
    );
  });

  test("a saved run is named by its day, its commit and its kind", () => {
    const result = {
      at: "2026-03-01T10:00:00.000Z",
      kind: "main",
      surroundings: { commit: "abc1234+changes" },
    };
    assert.equal(fileNameOf(result as Result), "2026-03-01-abc1234-changes-main.json");
  });
});
