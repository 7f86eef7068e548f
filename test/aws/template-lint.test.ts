/** The template as cfn-lint sees it: the types, the properties, the actions and the references of CloudFormation. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { type Template, templateText } from "../../src/synth/template/cloudformation.ts";
import { everything, packaged, plain } from "./support/synthesised.ts";

const required = process.env["SPILLWAY_REQUIRE"]?.split(",").includes("cfn-lint");
// npm has another tool of this name, whose versions begin with the same digit and which says so otherwise.
const isThere = /^cfn-lint 1\./.test(spawnSync("cfn-lint", ["--version"], { encoding: "utf8" }).stdout ?? "");
const skip = required || isThere ? false : "needs cfn-lint; SPILLWAY_REQUIRE=cfn-lint insists on it";

suite("cfn-lint", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-lint-"));
  after(() => rmSync(folder, { recursive: true }));

  /** Without a file name after `--` it would read one as an argument of the option before. */
  function complaints(template: Template, ...options: readonly string[]): string {
    const file = join(folder, "template.json");
    writeFileSync(file, templateText(template));
    const { stdout, stderr, error } = spawnSync("cfn-lint", [...options, "--", file], {
      encoding: "utf8",
      timeout: 60_000,
    });
    if (error) throw error;
    return stdout + stderr;
  }

  for (const [what, template] of [
    ["the plainest template", plain()],
    ["one with everything", everything()],
  ] as const) {
    test(`has nothing to say of ${what}, once it is packaged`, () =>
      assert.equal(complaints(packaged(template)), ""));
  }

  test("has only to say before that its code must be packaged", () =>
    assert.equal(complaints(plain(), "--ignore-checks", "W3002"), ""));

  test("would say it: an action that there is none of, a property that there is none of", () => {
    const text = templateText(packaged(plain()));
    const wrong = text.replaceAll("dynamodb:PutItem", "dynamodb:PutItems").replace("BatchSize", "BatchSizes");
    const said = complaints(JSON.parse(wrong) as Template);
    assert.match(said, /PutItems/i);
    assert.match(said, /BatchSizes/);
  });
});
