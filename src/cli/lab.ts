/** `spillway lab ./app.ts --operation NAME`: one operation in all flows under one load, and the report of it. */
import { accessSync, constants, existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { SpillwayError } from "../core/errors.ts";
import { LabFailure, LabRefusal } from "../lab/errors.ts";
import { runLab } from "../lab/lab.ts";
import { reportPage } from "../lab/page.ts";
import type { FlowReport } from "../lab/report.ts";
import { reportTable } from "../lab/table.ts";
import { type Command, UsageError } from "./command.ts";
import { labCommandOf } from "./lab-options.ts";
import { ProgressLine } from "./lab-progress.ts";
import { version } from "./version.ts";

export const labCommand: Command = {
  summary: "measure an operation in all three flows under one load",
  help: `Usage: spillway lab <module> --operation <name> [options]

Runs one operation of your app, unchanged, request-response, event-driven and as a spill, under the same arrivals;
and request-response once more with a client that repeats what was refused. Each lane is a fresh process with an
empty SQLite store in a temporary folder; nothing of yours is opened or kept. Prints a table, and writes report.json
and report.html, one file that can be mailed. docs/flow-report.md tells what each number means.

The module must export \`app\` and start nothing by being imported. What its handlers call outside of Spillway is
really called: point them at something that may be loaded.

The load:
  --profile <name>      burst: base, then the peak for the middle half, then base (default)
                        spike: the peak for the middle tenth; ramp: evenly from base to peak; steady: the peak
  --base <rate>         default 50/s
  --peak <rate>         default 500/s
  --for <duration>      how long calls arrive; default 20s
  --replay <file>       instead: a recording, one { "atMs": 1250, "input": { … } } a line
  --input <json>        the input of every call; without it one is made from the operation's schema
  --inputs <file>       inputs to send in turn, one a line
  --seed <n>            of the arrivals; default 1: the same calls at the same times
  --repeats <n>         how often each lane runs, in turns; default 1
  --limit-drain <dur>   for what is still to be done after the last arrival; default 120s
  --without-retrying    leaves out the lane of the client that repeats

The app:
  --bearer <token>      sent with every call, where the app has \`authenticate\`
  --probe <operation>   one that takes {} and answers numbers about the database behind the operation, to be asked
                        ten times a second

What it would cost on AWS:
  --prices <file>       { "http-api-request": 1.11, … } in place of single rows of the price table
  --api <kind>          http (default) or rest
  --accept <mode>       function (default), or direct: API Gateway writes to the queue by itself
  --memory <MiB>        of the function; default 512
  --batch <n>           messages for one invocation; default 10

  --out <folder>        default ./flow-reports/<operation>-<time>
  --help                show this`,
  run,
};

/** A terminal that is closed among them. */
const ENDING = [
  ["SIGHUP", 1],
  ["SIGINT", 2],
  ["SIGTERM", 15],
] as const;

async function run(args: readonly string[]): Promise<void> {
  const { options, costs, out } = labCommandOf(args);
  const folder = newFolder(out ?? join("flow-reports", `${options.operation}-${timeInNames()}`));
  // So that its processes and their folders end with it.
  for (const [signal, number] of ENDING) process.once(signal, () => process.exit(128 + number));
  let line: ProgressLine | undefined;
  try {
    const report = await runLab(options, costs, {
      version: version(),
      described: ({ inputs, isMade }, { offered, seconds }) => {
        const { lanes, repeats } = options;
        line = new ProgressLine(offered, repeats, process.stderr);
        console.error(ProgressLine.plan(offered, lanes.length, repeats, seconds));
        if (isMade) console.error(`The input was made from the schema: ${inputs[0]}`);
      },
      progress: (progress) => line?.show(progress),
      ran: (ran) => line?.ended(ran),
    });
    console.log(`\n${reportTable(report)}\n`);
    await write(report, folder);
  } catch (error) {
    if (error instanceof LabRefusal) throw new UsageError(error.message);
    if (!(error instanceof LabFailure)) throw error;
    console.error(`spillway: ${error.message}`);
    process.exitCode = 1;
  }
}

/** A report is never written over; and that there is no place for one is known before anything is measured. */
function newFolder(name: string): string {
  const folder = resolve(name);
  for (const file of ["report.json", "report.html"])
    if (existsSync(join(folder, file)))
      throw new UsageError(`${join(folder, file)} is there already. Name another folder: --out FOLDER`);
  try {
    if (mkdirSync(folder, { recursive: true }) !== undefined) process.once("exit", () => removeEmpty(folder));
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new UsageError(
      `${folder} cannot be written to (${codeOf(error)}). Name another folder: --out FOLDER`,
    );
  }
  return folder;
}

/** Of a run that came to nothing. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // It holds the report.
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

function timeInNames(): string {
  return new Date()
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(":", "");
}

async function write(report: FlowReport, folder: string): Promise<void> {
  const [json, page] = [join(folder, "report.json"), join(folder, "report.html")];
  put(json, `${JSON.stringify(report)}\n`);
  console.log(`Written: ${json}`);
  try {
    put(page, await reportPage(report));
    console.log(`         ${page}`);
  } catch (error) {
    // The figures are safe; a page can be made of them later.
    if (!(error instanceof SpillwayError)) throw error;
    console.error(`spillway: ${error.message}`);
  }
}

function put(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: "wx" });
  } catch (error) {
    throw new LabFailure(
      `${file} could not be written (${codeOf(error)}). What was measured is in the table above; to keep it, make room and measure again.`,
    );
  }
}
