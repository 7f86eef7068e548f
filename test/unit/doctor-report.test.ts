// What the doctor found, as it is read in a terminal, and the command: what it takes, what it says, how it ends.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { app } from "../../examples/orders/app.ts";
import { doctorCommand } from "../../src/cli/doctor.ts";
import { type Examination, examine, refused } from "../../src/doctor/examine.ts";
import { reportOf, type Style } from "../../src/doctor/report.ts";
import { planOf } from "../../src/synth/plan.ts";
import { templateFor } from "../../src/synth/template/template.ts";

const planned = planOf(app.options);
assert.ok(planned.kind === "planned");
const { plan } = planned;

type Resources = { [id: string]: { Properties: { [name: string]: unknown } } };

/** Slow to become visible, without recovery, and with logs that nobody bounds. */
function edited(): { Resources: Resources } {
  const template = structuredClone(templateFor(plan)) as unknown as { Resources: Resources };
  const { QueueOrdersDb, QueueSendConfirmation, Table, HttpFunctionLogs } = template.Resources;
  assert.ok(QueueOrdersDb && QueueSendConfirmation && Table && HttpFunctionLogs);
  QueueOrdersDb.Properties["VisibilityTimeout"] = 30;
  QueueSendConfirmation.Properties["VisibilityTimeout"] = 60;
  delete Table.Properties["PointInTimeRecoverySpecification"];
  delete HttpFunctionLogs.Properties["RetentionInDays"];
  return template;
}

function textOf(examination: Examination, paint = (_: Style, text: string) => text): string {
  return reportOf(examination, { app: "app.ts", template: "aws/template.json" }, paint);
}

suite("the doctor's report", () => {
  const text = textOf(examine(app.options, plan, edited()));

  test("has the gravest first, and sums it up at the end", () => {
    const heads = text.match(/^Would .*$/gm);
    assert.deepEqual(heads, ["Would lose work", "Would do work twice", "Would burn money"]);
    assert.match(text, /\n4 settings: 1 would lose work, 2 would do work twice, 1 would burn money\.$/);
  });

  test("says of a setting what it is, why that is bad, what to write, and where AWS says so", () => {
    const [, entry = ""] = /(Table\.Point[\s\S]*?)\n\n/.exec(text) ?? [];
    assert.deepEqual(
      entry
        .split("\n")
        .map((line) => line.trim())
        .join("\n")
        .split("\n"),
      [
        "Table.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled is not set.",
        "Receipts, tables and what is queued are in this table alone. Without recovery a mistaken",
        "deletion or a faulty handler cannot be undone.",
        "Fix: PointInTimeRecoveryEnabled: true",
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html",
      ],
    );
  });

  test("gives the reason once for all that one rule found", () => {
    assert.equal(text.split("is given to a second one").length, 2);
    assert.match(
      text,
      /Fix, QueueSendConfirmation: VisibilityTimeout: \d+\n +Fix, QueueOrdersDb: VisibilityTimeout: \d+/,
    );
  });

  test("is no wider than a hundred columns, but for an address", () => {
    const wide = text.split("\n").filter((line) => line.length > 100 && !line.includes("https://"));
    assert.deepEqual(wide, []);
  });

  test("has the same words in colour", () => {
    const coloured = textOf(examine(app.options, plan, edited()), (_, part) => `\u001b[1m${part}\u001b[22m`);
    assert.equal(stripVTControlCharacters(coloured), text);
  });

  test("is one calm line for a template that is as it should be, and says what idle queues cost", () => {
    const sound = textOf(examine(app.options, plan, templateFor(plan)));
    assert.match(sound, /\n\nNothing here would lose work or do it twice, [^\n]+\n?[^\n]*resources\.$/);
    assert.match(
      sound,
      /Idle, the pollers of its 4 queues \(dead letters among them\) .* about\s+\$1\.04\./s,
    );
    assert.doesNotMatch(sound, /Would /);
  });

  test("says of an app that AWS cannot honour what is to change first", () => {
    const refusals = [{ operation: "send-mail", reason: "Its timeout is 60 s.", next: "Lower it to 28 s." }];
    const told = textOf(refused(refusals));
    assert.match(told, /\n {2}send-mail: Its timeout is 60 s\.\n {4}Fix: Lower it to 28 s\.\n/);
    assert.match(told, /No template is made of this app: one thing to change first\.$/);
  });
});

suite("spillway doctor", { concurrency: 2 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-doctor-"));
  after(() => rmSync(folder, { recursive: true }));
  const root = join(import.meta.dirname, "../..");

  function doctor(...args: readonly string[]) {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const command = ["src/cli/main.ts", "doctor", ...args];
    const { status, stdout, stderr } = spawnSync(process.execPath, command, {
      cwd: root,
      env,
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  }

  test("ends with 0 where nothing would be lost, doubled or overrun", () => {
    const { status, stdout, stderr } = doctor("examples/orders/app.ts", "--target", "aws");
    assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
    assert.match(stdout, /^app\.ts on AWS: the template that spillway synth makes of it\n/);
  });

  test("ends with 1 where something would, and tells programs the same", () => {
    writeFileSync(join(folder, "template.json"), JSON.stringify(edited()));
    const { status, stdout } = doctor(
      "examples/orders/app.ts",
      "--target",
      "aws",
      "--template",
      folder,
      "--json",
    );
    const { target, unsafe, findings } = JSON.parse(stdout);
    assert.deepEqual({ status, target, unsafe }, { status: 1, target: "aws", unsafe: true });
    assert.deepEqual(
      findings.map(({ rule, resource, value }: Record<string, unknown>) => ({ rule, resource, value })),
      [
        { rule: "point-in-time-recovery", resource: "Table", value: null },
        { rule: "visibility", resource: "QueueSendConfirmation", value: 60 },
        { rule: "visibility", resource: "QueueOrdersDb", value: 30 },
        { rule: "log-retention", resource: "HttpFunctionLogs", value: null },
      ],
    );
  });

  for (const { what, args, says } of [
    { what: "no module", args: ["--target", "aws"], says: /doctor needs the module with your app/ },
    {
      what: "no target",
      args: ["examples/orders/app.ts"],
      says: /doctor needs --target\. There is: --target aws/,
    },
    {
      what: "another target",
      args: ["examples/orders/app.ts", "--target", "azure"],
      says: /--target is "azure"\. There is: --target aws/,
    },
    {
      what: "a template that is not there",
      args: ["examples/orders/app.ts", "--target", "aws", "--template", "nowhere"],
      says: /There is no file .*nowhere\. Give --template/,
    },
    {
      what: "a file that is no template",
      args: ["examples/orders/app.ts", "--target", "aws", "--template", "package.json"],
      says: /package\.json has no Resources, so it is no template/,
    },
  ]) {
    test(`refuses ${what}, and says what there is`, async () => {
      await assert.rejects(doctorCommand.run(args), { name: "UsageError", message: says });
    });
  }
});
