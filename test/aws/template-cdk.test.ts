/**
 * The template in an app of AWS's CDK, as docs/aws.md shows it: included whole, its code as assets; and judged by AWS's
 * own validator, which the CDK has inside and asks at every synth.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { type Template, templateText } from "../../src/synth/template/cloudformation.ts";
import { everything, plain } from "./support/synthesised.ts";

const cdk = join(import.meta.dirname, "../../tools/cdk");
const required = process.env["SPILLWAY_REQUIRE"]?.split(",").includes("cdk");
const skip =
  required || existsSync(join(cdk, "node_modules/aws-cdk-lib"))
    ? false
    : "needs tools/cdk installed, as npm run test:aws does; SPILLWAY_REQUIRE=cdk insists on it";

/** What a CDK user writes, in a process of its own: the CDK prints what it finds. */
const PROGRAM = `
const { App, Stack } = require("aws-cdk-lib");
const { CfnInclude } = require("aws-cdk-lib/cloudformation-include");
const { Asset } = require("aws-cdk-lib/aws-s3-assets");
const { join } = require("node:path");

const [folder, outdir] = process.argv.slice(1);
const app = new App({ outdir });
const stack = new Stack(app, "Orders");
const templateFile = join(folder, "template.json");
const included = new CfnInclude(stack, "Spillway", { templateFile });
for (const [id, { Type, Properties }] of Object.entries(require(templateFile).Resources)) {
  if (Type !== "AWS::Lambda::Function") continue;
  const asset = new Asset(stack, id + "Code", { path: join(folder, Properties.Code) });
  included.getResource(id).code = { s3Bucket: asset.s3BucketName, s3Key: asset.s3ObjectKey };
}
app.synth();
`;

suite("AWS's CDK", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-cdk-"));
  after(() => rmSync(folder, { recursive: true }));

  function synthesised(template: Template) {
    const [from, to] = [mkdtempSync(join(folder, "from-")), mkdtempSync(join(folder, "to-"))];
    writeFileSync(join(from, "template.json"), templateText(template));
    for (const { Properties } of Object.values(template.Resources)) {
      if (typeof Properties["Code"] !== "string") continue;
      mkdirSync(join(from, Properties["Code"]), { recursive: true });
      writeFileSync(join(from, Properties["Code"], "index.mjs"), "export const handler = () => {};\n");
    }
    const { status, stderr, stdout } = spawnSync(process.execPath, ["-e", PROGRAM, from, to], {
      cwd: cdk,
      encoding: "utf8",
      timeout: 120_000,
    });
    return { status, said: stdout + stderr, read: (name: string) => readFileSync(join(to, name), "utf8") };
  }

  for (const [what, template] of [
    ["the plainest template", plain()],
    ["one with everything", everything()],
  ] as const) {
    test(`includes ${what}, resource for resource, and its validator has nothing to say`, () => {
      // What the validator finds is printed; that it looks at all is proved below.
      const { status, said, read } = synthesised(template);
      assert.equal(said, "");
      assert.equal(status, 0);
      const out = JSON.parse(read("Orders.template.json")) as Template;
      assert.deepEqual(withoutCode(out), withoutCode(template));
      for (const part of ["Conditions", "Outputs", "Parameters"] as const) {
        assert.deepEqual(named(out[part], template[part]), template[part]);
      }
    });
  }

  test("has a validator that would say it: a queue that hides less than its function takes", () => {
    const template = plain();
    const queue = template.Resources["QueueOrdersDb"];
    assert.ok(queue);
    const hasty = { ...queue, Properties: { ...queue.Properties, VisibilityTimeout: 30 } };
    const { said } = synthesised({
      ...template,
      Resources: { ...template.Resources, QueueOrdersDb: hasty },
    });
    assert.match(said, /VisibilityTimeout/);
  });
});

function withoutCode({ Resources }: Template) {
  return Object.fromEntries(
    Object.entries(Resources).map(([id, { Type, Properties, ...rest }]) => {
      const { Code: _, ...properties } = Properties;
      return [id, { Type, properties, ...rest }];
    }),
  );
}

/** Of what the CDK adds for itself, such as the version of its own bootstrap, nothing. */
function named<T extends object>(all: T, wanted: T): Partial<T> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => name in wanted)) as Partial<T>;
}
