// docs/flow-report.md: an operation measured in all lanes, by the command as anybody starts it. Both sides' counts agree
// to the unit, or the command fails.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { type FlowReport, LANE_TITLES, type Lane, type LaneName } from "../../src/lab/report.ts";
import { type Ended, ended } from "../support/ended-program.ts";
import { until } from "./support/wait.ts";

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "spillway-wire-lab-"));
after(() => rmSync(folder, { recursive: true }));

function begun(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  const child = spawn(process.execPath, ["src/cli/main.ts", "lab", ...args], {
    cwd: root,
    env: { ...inherited, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return { child, ended: ended(child) };
}

function lab(...asked: Parameters<typeof begun>): Promise<Ended> {
  return begun(...asked).ended;
}

function reportIn(name: string): FlowReport {
  return JSON.parse(readFileSync(join(folder, name, "report.json"), "utf8"));
}

function laneOf(report: FlowReport, name: LaneName): Lane {
  const found = report.lanes.find((lane) => lane.name === name);
  assert.ok(found, `the report has a ${name} lane`);
  return found;
}

suite("docs/flow-report.md", { concurrency: 3 }, () => {
  suite("a flow report of the orders example, beyond what its database bears", () => {
    let report: FlowReport;
    let ended: Ended;
    before(async () => {
      // Five connections of 50 ms each: 100 orders a second.
      const database = { ORDERS_DB_CONCURRENCY: "5", ORDERS_DB_LATENCY_MS: "50" };
      const load = ["--profile", "burst", "--base", "20/s", "--peak", "400/s", "--for", "1s"];
      const args = ["examples/orders/app.ts", "--operation", "place-order", "--probe", "database", ...load];
      ended = await lab([...args, "--out", join(folder, "orders")], database);
      assert.equal(ended.code, 0, ended.errors);
      report = reportIn("orders");
    });

    test("every call offered ended in exactly one way", () => {
      for (const { counts } of report.lanes) {
        const { offered, answered, receipts, refused, failed } = counts;
        assert.equal(offered, report.profile.offered);
        assert.equal(answered + receipts + refused + failed, offered);
        assert.equal(failed, 0);
      }
    });

    test("request-response refuses what is beyond capacity; event-driven and spilling refuse none and do all", () => {
      const { counts } = laneOf(report, "request");
      assert.ok(counts.refused > 0 && counts.answered > 0);
      assert.deepEqual(counts.byCode, { saturated: counts.refused });
      for (const name of ["event", "spill"] as const) {
        const { counts } = laneOf(report, name);
        assert.deepEqual([counts.refused, counts.succeeded, counts.byCode], [0, counts.offered, {}]);
      }
      assert.equal(laneOf(report, "event").counts.receipts, report.profile.offered);
      const { answered, receipts } = laneOf(report, "spill").counts;
      assert.ok(answered > 0 && receipts > 0);
    });

    test("a client that repeats gets all done, by requests that are counted", () => {
      const { counts } = laneOf(report, "request-retrying");
      assert.equal(counts.succeeded, counts.offered);
      assert.ok(counts.clientRetries > 0);
    });

    test("effects are in the store once each: a row and a confirmation for every order that was done", () => {
      for (const { counts, effects, sent } of report.lanes) {
        assert.deepEqual(effects, { expected: 2 * counts.succeeded, counted: 2 * counts.succeeded });
        assert.deepEqual(sent, { jobs: counts.succeeded, succeeded: counts.succeeded, dead: 0 });
      }
    });

    test("the database was full, never beyond, and says so itself", () => {
      for (const { resources, probe, handler, counts } of report.lanes) {
        const [use] = resources;
        assert.deepEqual([use?.name, use?.limit, use?.peak], ["orders-db", 5, 5]);
        assert.ok((use?.fullSeconds ?? 0) > 0);
        assert.deepEqual([probe?.["capacity"], probe?.["peak"], probe?.["throttled"]], [5, 5, 0]);
        assert.equal(probe?.["writes"], counts.succeeded);
        assert.equal(handler.count, counts.succeeded);
        assert.ok(handler.p50 >= 45);
      }
    });

    test("what was measured over time is the same calls again", () => {
      const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
      for (const { series, counts, acknowledged, done } of report.lanes) {
        assert.equal(sum(series.arrivals), counts.offered);
        assert.equal(sum(series.acknowledged), counts.answered + counts.receipts);
        assert.equal(sum(series.completed), counts.succeeded);
        assert.equal(sum(series.refused), counts.refused);
        assert.deepEqual(
          [acknowledged.count, done.count],
          [counts.answered + counts.receipts, counts.succeeded],
        );
        const lengths = [
          series.queued,
          series.oldestMs,
          series.inUse["orders-db"] ?? [],
          series.probe["peak"] ?? [],
        ];
        assert.deepEqual(
          lengths.map(({ length }) => length),
          lengths.map(() => series.arrivals.length),
        );
        assert.ok(series.arrivals.length <= 300);
      }
      const { queue, series } = laneOf(report, "event");
      assert.ok(queue.peakDepth > 0 && queue.peakOldestMs > 0);
      assert.equal(Math.max(...series.queued), queue.peakDepth);
      assert.equal(laneOf(report, "request").queue.peakDepth, 0);
    });

    test("it is told on the standard output, and how it went on the other", () => {
      assert.match(ended.out, /place-order of app\.ts, declared spill/);
      assert.match(ended.errors, /The input was made from the schema: \{"sku":"lab","quantity":1\}/);
      for (const { name } of report.lanes) {
        const title = LANE_TITLES[name];
        assert.match(ended.errors, new RegExp(`^${title}: started\n${title}: .* refused`, "m"));
      }
    });
  });

  suite("a flow report of an operation that fails where its input says so", () => {
    const lines = Array.from({ length: 60 }, (_, i) => ({
      atMs: 5 * i,
      input: { text: `note ${i}`, fails: i % 6 === 0 },
    }));

    test("failures are failures of the caller in one flow, and dead letters in the others", async () => {
      const recording = join(folder, "recorded.ndjson");
      writeFileSync(recording, lines.map((line) => JSON.stringify(line)).join("\n"));
      const args = [
        "test/wire/apps/measured.ts",
        "--operation",
        "note",
        "--probe",
        "status",
        "--replay",
        recording,
      ];
      const { code, errors } = await lab([
        ...args,
        "--without-retrying",
        "--repeats",
        "2",
        "--out",
        join(folder, "notes"),
      ]);
      assert.equal(code, 0, errors);
      const report = reportIn("notes");
      assert.deepEqual(
        report.lanes.map(({ name }) => name),
        ["request", "event", "spill"],
      );
      for (const { name, counts, effects, runs, probe } of report.lanes) {
        assert.deepEqual(
          [counts.offered, counts.succeeded + counts.refused, runs.length],
          [120, 100, 2],
          name,
        );
        const dead = name === "request" ? 0 : 20;
        assert.deepEqual([counts.failed, counts.dead, counts.retried], [20 - dead, dead, dead], name);
        assert.deepEqual(effects, { expected: 3 * counts.succeeded, counted: 3 * counts.succeeded }, name);
        assert.ok((probe?.["ran"] ?? 0) > 0);
      }
    });
  });

  suite("the command", () => {
    test("says what is wrong in a line, with the next step", async () => {
      const { code, out, errors } = await lab(["examples/orders/app.ts", "--operation", "place-oder"]);
      assert.deepEqual([code, out], [2, ""]);
      assert.match(errors, /^spillway: The app has no operation "place-oder"\. It has: place-order, .*\n$/);
    });

    for (const [signal, code] of [["SIGHUP", 129] as const, ["SIGINT", 130] as const]) {
      test(`ended by ${signal} leaves no folder behind`, async () => {
        const temporary = mkdtempSync(join(folder, "temporary-"));
        const stores = () => readdirSync(temporary).filter((name) => name.startsWith("spillway-lab-"));
        const out = join(folder, `ended-by-${signal}`);
        const args = ["test/wire/apps/measured.ts", "--operation", "note", "--for", "20s", "--out", out];
        const { child, ended } = begun(args, { TMPDIR: temporary });
        await until("a store of the lab's", () => stores().length > 0);
        child.kill(signal);
        assert.equal((await ended).code, code);
        assert.deepEqual([stores(), existsSync(out)], [[], false]);
      });
    }

    test("refuses an operation that only others reach, and a probe that answers no numbers", async () => {
      const internal = await lab(["examples/orders/app.ts", "--operation", "send-confirmation"]);
      assert.equal(internal.code, 2);
      assert.match(internal.errors, /"send-confirmation" has access "internal"/);
      const args = ["examples/orders/app.ts", "--operation", "place-order", "--for", "1s", "--peak", "60/s"];
      const probe = await lab([...args, "--probe", "get-order", "--out", join(folder, "none")]);
      assert.equal(probe.code, 2);
      assert.match(probe.errors, /The probe "get-order" answered \{\} with 422/);
    });
  });
});
