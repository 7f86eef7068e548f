// Flow reports in a folder: found, told apart from what is none, and nothing outside the folder ever read.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { ReportsFolder } from "../../src/node/reports.ts";

const report = (more: object = {}) =>
  JSON.stringify({
    kind: "spillway-flow-report",
    version: 1,
    madeAt: "2026-02-03T04:05:06.000Z",
    app: "app.ts",
    operation: "place-order",
    lanes: [{ counts: { offered: 300 } }, { counts: { offered: 300 } }],
    recommendation: { flow: "spill" },
    ...more,
  });

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), "spillway-reports-"));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
}

const SUMMARY = {
  madeAt: "2026-02-03T04:05:06.000Z",
  operation: "place-order",
  app: "app.ts",
  offered: 600,
  flow: "spill",
};

suite("a folder of reports", () => {
  test("has them as files and as folders of the lab, each by its name", async (t) => {
    const place = folder(t);
    writeFileSync(join(place, "one.json"), report());
    mkdirSync(join(place, "two"));
    writeFileSync(join(place, "two/report.json"), report({ recommendation: { flow: null } }));
    mkdirSync(join(place, "empty"));
    writeFileSync(join(place, "notes.txt"), "notes");
    const reports = new ReportsFolder(place);
    const byName = (await reports.list()).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    assert.deepEqual(byName, [
      { name: "one.json", ...SUMMARY },
      { name: "two", ...SUMMARY, flow: null },
    ]);
    assert.equal(await reports.read("one.json"), report());
    assert.equal(await reports.read("two"), report({ recommendation: { flow: null } }));
    for (const name of ["three", "empty", "notes.txt", ""]) assert.equal(await reports.read(name), undefined);
  });

  test("that is not there is empty", async () => {
    const reports = new ReportsFolder(join(tmpdir(), "no-such-folder-of-reports"));
    assert.deepEqual(await reports.list(), []);
    assert.equal(await reports.read("one.json"), undefined);
  });

  test("says of a damaged one what is wrong with it, and does not show it", async (t) => {
    const place = folder(t);
    const damaged: Readonly<Record<string, readonly [text: string, why: RegExp]>> = {
      "a.json": ["{", /not a JSON object/],
      "b.json": ["[]", /not a JSON object/],
      "c.json": ["{}", /kind/],
      "d.json": [report({ version: 2 }), /version 2/],
      "e.json": [report({ madeAt: "yesterday" }), /madeAt/],
      "f.json": [report({ lanes: null }), /lanes/],
      "g.json": ["", /not a JSON object/],
    };
    for (const [name, [text]] of Object.entries(damaged)) {
      writeFileSync(join(place, name), text);
      utimesSync(join(place, name), 1_000, 1_000);
    }
    writeFileSync(join(place, "large.json"), report());
    truncateSync(join(place, "large.json"), 9 * 1024 * 1024);
    const reports = new ReportsFolder(place);
    const listed = await reports.list();
    assert.equal(listed.length, 8);
    for (const [name, [, why]] of Object.entries(damaged)) {
      const entry = listed.find((one) => one.name === name);
      assert.ok(entry && "damaged" in entry, name);
      assert.match(entry.damaged, why);
      assert.equal(entry.madeAt, "1970-01-01T00:16:40.000Z");
      assert.equal(await reports.read(name), undefined);
    }
    assert.equal(await reports.read("large.json"), undefined);
  });

  test("is never left: not by names, not by links, and a pipe holds nobody up", async (t) => {
    const outside = folder(t);
    writeFileSync(join(outside, "report.json"), report());
    const place = join(outside, "reports");
    mkdirSync(join(place, "inner"), { recursive: true });
    symlinkSync(join(outside, "report.json"), join(place, "link.json"));
    symlinkSync(outside, join(place, "link"));
    symlinkSync(join(outside, "report.json"), join(place, "inner/report.json"));
    execFileSync("mkfifo", [join(place, "pipe.json")]);
    const reports = new ReportsFolder(place);
    assert.deepEqual(await reports.list(), []);
    for (const name of [
      "..",
      ".",
      "../report.json",
      "link",
      "link.json",
      "inner",
      "pipe.json",
      "a/b",
      "a\0.json",
    ]) {
      assert.equal(await reports.read(name), undefined, name);
    }
  });

  test("is read again where something has changed", async (t) => {
    const place = folder(t);
    writeFileSync(join(place, "one.json"), report());
    const reports = new ReportsFolder(place);
    assert.equal((await reports.list()).length, 1);
    writeFileSync(join(place, "one.json"), report({ operation: "place-order-later" }));
    assert.deepEqual(await reports.list(), [
      { name: "one.json", ...SUMMARY, operation: "place-order-later" },
    ]);
  });
});
