// What `spillway lab` may be asked: a mistake in an option must not become a figure of something else.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { labCommand } from "../../src/cli/lab.ts";
import { labCommandOf } from "../../src/cli/lab-options.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-lab-options-"));
after(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const module = file("app.ts", "export const app = undefined;");
const given = (...args: readonly string[]) => labCommandOf([module, "--operation", "it", ...args]);
const refused = (args: readonly string[], message: RegExp) =>
  assert.throws(() => given(...args), { name: "UsageError", message });

suite("the options of the lab", () => {
  test("without any it is a burst to 500 a second for 20 s, once, in all lanes", () => {
    const { options } = given();
    assert.deepEqual(options.traffic, { kind: "burst", basePerSecond: 50, peakPerSecond: 500, seconds: 20 });
    assert.deepEqual([options.repeats, options.seed, options.inputs], [1, 1, undefined]);
    assert.deepEqual(options.lanes, ["request", "event", "spill", "request-retrying"]);
  });

  test("a steady load is at its peak all the time", () => {
    const { options } = given("--profile", "steady", "--peak", "300/m");
    assert.deepEqual(options.traffic, { kind: "steady", basePerSecond: 5, peakPerSecond: 5, seconds: 20 });
  });

  test("a replay has its own times and inputs, in the order of time", () => {
    const recording = file(
      "calls.ndjson",
      '{"atMs":20,"input":{"n":2}}\n\n{"atMs":10,"input":{"n":1}}\n{"atMs":30}\n',
    );
    const { options } = given("--replay", recording, "--input", '{ "n": 0 }');
    assert.deepEqual(options.traffic, { kind: "replay", arrivals: Float64Array.from([10, 20, 30]) });
    assert.deepEqual(options.inputs, ['{"n":1}', '{"n":2}', '{"n":0}']);
  });

  test("inputs are read a line each", () => {
    assert.deepEqual(given("--inputs", file("inputs.ndjson", '{"n":1}\n{"n":2}')).options.inputs, [
      '{"n":1}',
      '{"n":2}',
    ]);
  });

  test("what cannot be meant is refused, with the value and the next step", () => {
    refused(["--peak", "fast"], /--peak is "fast"\. Write a rate such as 50\/s/);
    refused(["--peak", "10/s"], /--base is 50\/s, more than --peak/);
    refused(["--profile", "wave"], /--profile is "wave"\. Use one of: steady, ramp, burst, spike, replay/);
    refused(["--profile", "replay"], /--replay FILE/);
    refused(["--for", "2"], /--for is "2", which is no duration/);
    refused(["--for", "1h"], /--for is 1h\. Use at most 30 minutes/);
    refused(["--peak", "20000/s", "--for", "30m"], /from 1 to 500000 can be measured/);
    refused(["--api", "soap"], /--api is "soap"\. Use http or rest/);
    refused(["--accept", "at once"], /--accept is "at once"\. Use function or direct/);
    refused(["--repeats", "0"], /--repeats is "0"\. Use a whole number from 1 to 20/);
    refused(["--input", "{"], /--input is \{, which is no JSON/);
    refused(["--input", "1", "--inputs", "x"], /Use one of the two/);
    refused(["--inputs", join(folder, "none")], /cannot be read \(ENOENT\)/);
    refused(["--replay", file("empty.ndjson", "\n")], /has no lines/);
    refused(["--replay", file("bare.ndjson", '{"atMs":1}')], /Line 1 of .*bare\.ndjson has no input/);
    refused(["--replay", file("odd.ndjson", '{"at":1}')], /Line 1 of .*odd\.ndjson has no atMs/);
    refused(
      ["--replay", file("null.ndjson", '{"atMs":1,"input":1}\nnull')],
      /Line 2 of .*null\.ndjson has no atMs/,
    );
    refused(["--fast"], /--fast.*spillway lab --help/);
    refused(["more.ts"], /takes one module/);
    assert.throws(() => labCommandOf([module]), { message: /--operation NAME/ });
    assert.throws(() => labCommandOf([join(folder, "no.ts"), "--operation", "it"]), {
      message: /There is no file/,
    });
  });

  test("a report is never written over", async () => {
    file("report.json", "{}");
    await assert.rejects(labCommand.run([module, "--operation", "it", "--out", folder]), {
      name: "UsageError",
      message: /report\.json is there already.*--out/,
    });
  });

  test("a folder that cannot be written to is refused before anything is measured", async () => {
    await assert.rejects(labCommand.run([module, "--operation", "it", "--out", join(module, "report")]), {
      name: "UsageError",
      message: /app\.ts\/report cannot be written to \(ENOTDIR\)\. .*--out/,
    });
  });

  test("a load of no calls is refused", async () => {
    const none = ["--profile", "steady", "--peak", "1/s", "--for", "1s", "--seed", "2"];
    const out = join(folder, "none-arrive");
    await assert.rejects(labCommand.run([module, "--operation", "it", ...none, "--out", out]), {
      name: "UsageError",
      message: /seed 2, no call arrives.*--peak or --for/,
    });
  });

  test("the help names every option", () => {
    for (const option of [
      "operation",
      "profile",
      "base",
      "peak",
      "for",
      "replay",
      "input",
      "inputs",
      "repeats",
      "seed",
    ])
      assert.match(labCommand.help, new RegExp(`--${option}\\b`));
    for (const option of [
      "limit-drain",
      "without-retrying",
      "probe",
      "bearer",
      "prices",
      "api",
      "accept",
      "memory",
      "batch",
      "out",
    ])
      assert.match(labCommand.help, new RegExp(`--${option}\\b`));
  });
});
