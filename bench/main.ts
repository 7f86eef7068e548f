// `npm run bench`: how fast Spillway is, beside what is known, on this machine. `-- --help` says what it can do.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureInstalled } from "../tools/install.js";
import { install } from "./build/installed.ts";
import { folderSource, namedSource, root } from "./build/source.ts";
import { chooseGenerator } from "./generators/choose.ts";
import { mainRun } from "./measure/main-run.ts";
import { help, type Options, parse } from "./options.ts";
import { CELLS, comparison, figuresOf, mainTable, rowsOf } from "./report/main-report.ts";
import { surroundings } from "./report/surroundings.ts";
import { markdownTable, textTable } from "./report/table.ts";
import { sentenceOf, verdictsOf } from "./report/verdict.ts";

async function run(options: Options): Promise<void> {
  if (options.kind !== "main" && options.kind !== "against")
    throw new RangeError(`--${options.kind} is not built yet.`);
  const say = (line: string): void => console.error(line);
  await ensureInstalled("bench/fastify", "Fastify, which the bench compares with");
  const folder = mkdtempSync(join(tmpdir(), "spillway-bench-"));
  // Whatever ends this process: the servers end with it, and nothing of them stays behind.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  process.once("SIGINT", () => process.exit(130)).once("SIGTERM", () => process.exit(143));
  const generator = await chooseGenerator(folder);
  const sources = [folderSource(root, "this tree")];
  if (options.against !== undefined) sources.push(namedSource(options.against));
  say("building …");
  const builds = sources.map((source, index) => install(source, join(folder, `build-${index}`)));
  const around = surroundings(generator.name, builds[0]?.commit ?? "unknown");
  const plan = { ...options, builds, generator, folder, say };
  const measured = await mainRun(plan);
  const rows = rowsOf(measured);
  const verdicts = verdictsOf(figuresOf(measured));
  if (options.json) {
    console.log(JSON.stringify({ ...around, rows, verdicts }, null, 2));
    return;
  }
  const losing = new Set(verdicts.flatMap(({ name, reached }) => (reached ? [] : (CELLS[name] ?? []))));
  const show = options.markdown ? markdownTable : textTable;
  console.log(
    `${around.machine}\nNode.js ${around.node}, SQLite ${around.sqlite}, commit ${around.commit}, ${around.generator}`,
  );
  console.log(`${options.rounds} rounds of ${options.seconds} s at ${options.connections} connections\n`);
  console.log(show(mainTable(rows, measured.floors.fastify, losing)));
  const compared = comparison(measured);
  if (compared !== undefined) console.log(`\n${show(compared)}`);
  console.log(`\n${verdicts.map(sentenceOf).join("\n")}`);
}

try {
  const options = parse(process.argv.slice(2));
  if (options === undefined) console.log(help);
  else await run(options);
} catch (error) {
  console.error(error instanceof RangeError ? `bench: ${error.message}` : error);
  process.exitCode = 1;
}
