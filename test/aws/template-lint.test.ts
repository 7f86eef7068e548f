/** The template as cfn-lint sees it: the types, the properties, the actions and the references of CloudFormation. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { type Template, templateText } from "../../src/synth/template/cloudformation.ts";
import { everything, packaged, plain, withoutQueues } from "./support/synthesised.ts";

const required = process.env["SPILLWAY_REQUIRE"]?.split(",").includes("cfn-lint");
// npm has another tool of this name, whose versions begin with the same digit and which says so otherwise.
const isThere = /^cfn-lint 1\./.test(spawnSync("cfn-lint", ["--version"], { encoding: "utf8" }).stdout ?? "");
const skip = required || isThere ? false : "needs cfn-lint; SPILLWAY_REQUIRE=cfn-lint insists on it";

suite("cfn-lint", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-lint-"));
  after(() => rmSync(folder, { recursive: true }));

  /** Of all of them in one run, which is dear. */
  function complaints(templates: readonly Template[], options: readonly string[] = []): string {
    const files = templates.map((template, place) => {
      const file = join(folder, `${place}.json`);
      writeFileSync(file, templateText(template));
      return file;
    });
    // Without `--` it would read the first file as an argument of the option before.
    const { stdout, stderr, error } = spawnSync("cfn-lint", [...options, "--", ...files], {
      encoding: "utf8",
      timeout: 120_000,
    });
    if (error) throw error;
    return stdout + stderr;
  }

  test("has nothing to say once it is packaged: of the plainest, of one without queues, of one with everything", () =>
    assert.equal(complaints([plain(), withoutQueues(), everything()].map(packaged)), ""));

  test("has only to say before that the code must be packaged", () =>
    assert.equal(complaints([plain()], ["--ignore-checks", "W3002"]), ""));

  test("would say it: an action that there is none of, a property that there is none of", () => {
    const text = templateText(packaged(plain()));
    const wrong = text.replaceAll("dynamodb:PutItem", "dynamodb:PutItems").replace("BatchSize", "BatchSizes");
    const said = complaints([JSON.parse(wrong) as Template]);
    assert.match(said, /PutItems/i);
    assert.match(said, /BatchSizes/);
  });
});
