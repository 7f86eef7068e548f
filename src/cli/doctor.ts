/** `spillway doctor ./app.ts --target aws`: what of a template would lose or double work, or burn money, and the fix. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { styleText } from "node:util";
import type { AppOptions } from "../app/app.ts";
import { type Examination, examine, isUnsafe, refused } from "../doctor/examine.ts";
import { reportOf } from "../doctor/report.ts";
import { type Choices, planOf } from "../synth/plan.ts";
import { overfull } from "../synth/template/environment.ts";
import { functionsOf } from "../synth/template/functions.ts";
import { templateFor } from "../synth/template/template.ts";
import { appOf } from "./app-module.ts";
import { argumentsIn, onlyModule } from "./arguments.ts";
import { type Command, UsageError } from "./command.ts";
import { CHOICES, choicesOf } from "./synth-options.ts";

export const doctorCommand: Command = {
  summary: "name the settings that would lose or double work on AWS, or burn money",
  help: `Usage: spillway doctor <module> --target aws [--template <file>] [--json]

Holds the template that \`spillway synth\` would make of your app, or one that somebody has edited, against the known
traps of API Gateway, SQS, Lambda and DynamoDB. Each setting is named with its value, what would come of it, and what
to write instead. Contacts nobody and changes nothing.

Options:
  --target aws        what it is to run on; there is aws
  --template <file>   a template.json, or the folder with it, to be judged instead of what synth would make
  --json              the same for programs
  --help              show this

Those of \`spillway synth\` that change the template (--share, --parallel, --window, --memory, --reserve, --env, --policy,
--direct) mean the same here.

Ends with 1 if work would be lost or done twice, or a limit not kept; with 0 otherwise.`,
  run,
};

const options = {
  ...CHOICES,
  target: { type: "string" },
  template: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = argumentsIn(
    args,
    options,
    "doctor has --target, --template, --json, --help and those of synth.",
  );
  const file = onlyModule("doctor", positionals, "./app.ts --target aws");
  if (values.target !== "aws") {
    const given =
      values.target === undefined ? "doctor needs --target" : `--target is ${JSON.stringify(values.target)}`;
    throw new UsageError(`${given}. There is: --target aws`);
  }
  const { options: app } = await appOf(file);
  const given = values.template === undefined ? undefined : templateIn(values.template);
  const examination = examined(app, choicesOf(values), given);
  const subject = { app: basename(file), template: values.template };
  console.log(
    values.json
      ? JSON.stringify(asJson(examination, subject), null, 2)
      : reportOf(examination, subject, (style, text) => styleText(style, text, { stream: process.stdout })),
  );
  if (isUnsafe(examination)) process.exitCode = 1;
}

function examined(app: AppOptions, choices: Choices, given: unknown): Examination {
  const planned = planOf(app, choices);
  if (planned.kind === "refused") return refused(planned.refusals);
  const { plan } = planned;
  const refusals = overfull(functionsOf(plan));
  return refusals.length > 0 ? refused(refusals) : examine(app, plan, given ?? templateFor(plan));
}

function asJson(examination: Examination, { app, template }: { app: string; template: string | undefined }) {
  return { target: "aws", app, template: template ?? null, unsafe: isUnsafe(examination), ...examination };
}

function templateIn(name: string): unknown {
  const path = resolve(name);
  if (!existsSync(path)) throw new UsageError(`There is no file ${path}. Give --template DIR/template.json`);
  const file = statSync(path).isDirectory() ? join(path, "template.json") : path;
  let template: unknown;
  try {
    template = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(
      `${file} cannot be read as JSON: ${(error as Error).message}. The doctor reads what spillway synth writes.`,
    );
  }
  if (typeof template === "object" && template !== null && "Resources" in template) return template;
  throw new UsageError(
    `${file} has no Resources, so it is no template of CloudFormation. Give template.json`,
  );
}
