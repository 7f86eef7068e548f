/** `spillway synth ./app.ts --out DIR`: the app as a CloudFormation template with the code of its functions. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import type { AwsRefusal } from "../synth/plan.ts";
import { synthesis } from "../synth/synthesis.ts";
import { MADE_BY } from "../synth/template/template.ts";
import { appOf, modulePath } from "./app-module.ts";
import { type Command, UsageError } from "./command.ts";
import { synthCommandOf } from "./synth-options.ts";

export const synthCommand: Command = {
  summary: "make a CloudFormation template and the functions of an app, for AWS",
  help: `Usage: spillway synth <module> [--out <folder>] [options]

Makes of an app, unchanged, what AWS needs to run it: a plain CloudFormation template, and the code of each function,
bundled. Asks AWS nothing and deploys nothing. What AWS cannot honour is refused here, with the reason.

The module must export \`app\` and start nothing by being imported.

Options:
  --out <folder>        where to write; a folder of an earlier synth is written anew (default: ./aws)
  --share <limit>=<n>/<all>
                        of a limit, how many of all are for calls at once; the queue has the others (default: half)
  --parallel <n>        jobs of one invocation at once, at most 10 (default); 1 for handlers that compute
  --window <duration>   how long a queue gathers a batch, up to 300s (default: 0, no job waits for another)
  --memory <MiB>        of functions that run handlers (default: 512)
  --reserve yes|no      keep concurrent executions of the account for queues (default: yes; a new account has too few)
  --env <name>=<value>  a variable for every function; it stands in the template, so no secrets
  --policy <arn>        what handlers and \`authenticate\` may do on AWS besides, as a managed policy of yours
  --direct <operation>  API Gateway puts its calls into the queue by itself, at an address of its own; promises less
  --help                show this

--share, --env, --policy and --direct may be repeated.`,
  run,
};

async function run(args: readonly string[]): Promise<void> {
  const { file, out, choices } = synthCommandOf(args);
  const folder = ownFolder(out);
  const module = modulePath(file);
  const synthesised = await synthesis(await appOf(file), module, choices);
  if (synthesised.kind === "refused") refuse(synthesised.refusals);
  const { description, files } = synthesised.made;
  write(folder, files);
  console.log(description.replaceAll(/^#+ /gm, ""));
  console.log(nextSteps(relative(".", folder) || "."));
  // What the app's module has started, such as a pool of connections, would keep the process.
  process.exit();
}

function refuse(refusals: readonly AwsRefusal[]): never {
  console.error("spillway: AWS cannot honour this app as it is. Nothing was written.");
  for (const { operation, reason, next } of refusals)
    console.error(`\n  ${operation === undefined ? "" : `${operation}: `}${reason}\n  → ${next}`);
  process.exit(1);
}

/** One that is new, empty, or an earlier synth's: whatever else is in that one stays, but for its code. */
function ownFolder(name: string): string {
  const folder = resolve(name);
  if (!existsSync(folder)) return folder;
  if (!statSync(folder).isDirectory())
    throw new UsageError(`--out is ${folder}, which is a file. Name a folder.`);
  if (readdirSync(folder).length === 0 || isOurs(join(folder, "template.json"))) return folder;
  throw new UsageError(
    `${folder} holds something else than an earlier synth. Name another folder: --out ./aws`,
  );
}

function isOurs(template: string): boolean {
  if (!existsSync(template)) return false;
  try {
    return JSON.parse(readFileSync(template, "utf8")).Description === MADE_BY;
  } catch {
    return false;
  }
}

/** What is the same stays untouched: by the times of its files `aws cloudformation package` knows what to upload. */
function write(folder: string, files: ReadonlyMap<string, string | Uint8Array>): void {
  try {
    for (const path of filesBelow(join(folder, "code"))) if (!files.has(relative(folder, path))) rmSync(path);
    for (const [path, contents] of files) {
      const file = join(folder, path);
      if (existsSync(file) && readFileSync(file).equals(Buffer.from(contents))) continue;
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, contents);
    }
  } catch (error) {
    throw new UsageError(
      `${folder} cannot be written to (${(error as NodeJS.ErrnoException).code}). Name another folder: --out FOLDER`,
    );
  }
}

function filesBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

function nextSteps(folder: string): string {
  return `Written: ${folder}/template.json, ${folder}/code, ${folder}/README.md

Next, with a bucket of yours and a name for the stack:
  aws cloudformation package --template-file ${folder}/template.json --s3-bucket BUCKET --use-json --output-template-file ${folder}/packaged.json
  aws cloudformation deploy --template-file ${folder}/packaged.json --s3-bucket BUCKET --stack-name NAME --capabilities CAPABILITY_IAM --parameter-overrides AdminToken=TOKEN
  aws cloudformation describe-stacks --stack-name NAME --query "Stacks[0].Outputs"`;
}
