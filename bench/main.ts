// `npm run bench`: how fast Spillway is, beside what is known, on this machine. `-- --help` says what it can do.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureInstalled } from "../tools/install.js";
import { Problem } from "../tools/launch.js";
import { type Installed, install } from "./build/installed.ts";
import { folderSource, namedSource, root } from "./build/source.ts";
import { chooseGenerator } from "./generators/choose.ts";
import { watchNeighbours } from "./measure/neighbours.ts";
import { help, type Options, parse } from "./options.ts";
import { type Found, together } from "./report/found.ts";
import { markdown, text } from "./report/print.ts";
import { resultOf, save } from "./report/result.ts";
import { busyNote, surroundings } from "./report/surroundings.ts";
import { verdictsOf } from "./report/verdict.ts";
import { coldFound } from "./runs/cold.ts";
import { consoleFound } from "./runs/console.ts";
import { goalsFound } from "./runs/goals.ts";
import { mainFound } from "./runs/main.ts";
import { peersFound } from "./runs/peers.ts";
import { postgresFound } from "./runs/postgres.ts";
import { postgresSoakFound } from "./runs/postgres-soak.ts";
import { soakFound } from "./runs/soak.ts";

/** Progress is no result: whoever reads standard output gets figures only. */
const say = (line: string): void => console.error(line);

async function run(options: Options): Promise<void> {
  const began = new Date();
  await ensureInstalled("bench/fastify", "Fastify, which the bench compares with");
  if (["peers", "postgres", "postgres-soak"].includes(options.kind))
    await ensureInstalled("bench/peers", "the products to compare with");
  const folder = temporaryFolder();
  const generator = await chooseGenerator(folder);
  const builds = buildsOf(options, folder);
  const [build] = builds;
  const around = surroundings(generator.name, build.commit, folder);
  const neighbours = watchNeighbours();
  const measured = await measure(options, { ...options, builds, build, generator, folder, say });
  const others = neighbours();
  const found = { ...measured, notes: [...busyNote(others), ...generator.notes, ...measured.notes] };
  const verdicts = verdictsOf(found.figures);
  const { seconds, rounds, connections, against, soakMinutes } = options;
  const settings = {
    rounds,
    seconds,
    connections,
    ...(against !== undefined && { against: builds[1]?.commit ?? against }),
    ...(options.kind === "postgres-soak" && { jobs: options.soakJobs }),
    ...(options.kind === "soak" && { duration: `${Math.round(soakMinutes * 60)} s` }),
  };
  const result = resultOf(
    options.kind,
    began,
    { ...around, otherWork: others ?? null },
    settings,
    found,
    verdicts,
  );
  if (options.json) console.log(JSON.stringify(result, null, 2));
  else console.log(options.markdown ? markdown(result, found) : text(result, found));
  if (options.save) say(`\nSaved as ${save(result, join(root, "bench/results"))}`);
}

type Plan = Options & {
  readonly builds: readonly Installed[];
  readonly build: Installed;
  readonly generator: Awaited<ReturnType<typeof chooseGenerator>>;
  readonly folder: string;
  readonly say: (line: string) => void;
};

async function measure({ kind, soakMinutes, soakJobs }: Options, plan: Plan): Promise<Found> {
  switch (kind) {
    case "main":
    case "against":
      return mainFound(plan);
    case "goals":
      return together([await mainFound(plan), await goalsFound(plan)]);
    case "peers":
      return peersFound(plan);
    case "postgres":
      return postgresFound(plan);
    case "postgres-soak":
      return postgresSoakFound({ ...plan, jobs: soakJobs });
    case "console":
      return consoleFound(plan);
    case "cold":
      return coldFound(plan);
    case "soak":
      return soakFound({ ...plan, minutes: soakMinutes });
  }
}

function buildsOf({ against }: Options, folder: string): readonly [Installed, ...Installed[]] {
  const other = against === undefined ? [] : [namedSource(against)];
  say("building …");
  const own = install(folderSource(root, "this tree"), join(folder, "build"));
  return [own, ...other.map((source) => install(source, join(folder, "build-of-other")))];
}

/** Whatever ends this process: the servers end with it, and nothing of them stays behind. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "spillway-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  process.once("SIGINT", () => process.exit(130)).once("SIGTERM", () => process.exit(143));
  return folder;
}

try {
  const options = parse(process.argv.slice(2));
  if (options === undefined) console.log(help);
  else await run(options);
} catch (error) {
  const explained = error instanceof RangeError || error instanceof Problem;
  console.error(explained ? `bench: ${error.message}` : error);
  process.exitCode = 1;
}
