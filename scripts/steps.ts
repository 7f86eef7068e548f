// A list of steps run one after another, each with its name and time, stopping at the first that fails.
import { missingCluster } from "../test/postgres/support/cluster.ts";
import { execute } from "./execute.ts";
import { type Outcome, runSuite, runSuiteOn24, type SuiteName } from "./suites.ts";

export type Step = {
  readonly name: string;
  /** What to do about a failure. */
  readonly hint?: string;
  /** Answers why, when there is nothing to run. */
  readonly run: () => Promise<Outcome | string>;
};

const noTestsYet = "no tests yet";

const tsc = "tools/check/node_modules/typescript/bin/tsc";
const biome = "tools/check/node_modules/@biomejs/biome/bin/biome";

const tool = async (...args: readonly string[]): Promise<Outcome> => {
  const { code } = await execute(process.execPath, args);
  return { ok: code === 0, passed: 0, failed: code === 0 ? 0 : 1, skipped: 0 };
};

export const format: Step = {
  name: "format",
  hint: "`npm run format` formats.",
  run: () => tool(biome, "check", "--linter-enabled=false", "."),
};
export const lint: Step = { name: "lint", run: () => tool(biome, "lint", "--error-on-warnings", ".") };
export const docs: Step = {
  name: "made pages",
  hint: "`npm run docs` writes them.",
  run: () => tool("scripts/docs.ts", "--check"),
};
export const types: Step = { name: "types", run: () => tool(tsc, "--noEmit", "--pretty", "false") };
/** Apart: it runs in a browser, and knows nothing of Node.js. */
export const consoleTypes: Step = {
  name: "types of the console",
  run: () => tool(tsc, "--noEmit", "--pretty", "false", "--project", "console"),
};
/** Apart: what its tests hand to a page runs there. */
export const browserTypes: Step = {
  name: "types of the browser's tests",
  run: () => tool(tsc, "--noEmit", "--pretty", "false", "--project", "test/browser"),
};

/** @param share environment that has its longest tests do less of the same; `npm test` gives none */
export const suite = (name: SuiteName, share?: Readonly<Record<string, string>>): Step => ({
  name,
  hint: `\`npm run test:${name}\` runs it alone.`,
  run: async () => (await runSuite(name, [], share)) ?? noTestsYet,
});

/** The same suite on the engine of AWS, which those chosen by default leave out. */
export const suiteOnAws = (name: SuiteName): Step => ({
  name: `${name} on aws`,
  hint: `\`ENGINES=aws npm run test:${name}\` runs it alone.`,
  // A few of the random seeds: on an emulated table each takes some ten seconds.
  run: async () => (await runSuite(name, [], { ENGINES: "aws", SEEDS: "3" })) ?? noTestsYet,
});

/** The same suite on PostgreSQL, in the newest version or the one that is given. */
export const suiteOnPostgres = (name: SuiteName, version?: 15): Step => ({
  name: `${name} on PostgreSQL${version === undefined ? "" : ` ${version}`}`,
  hint: `\`${version === undefined ? "" : `SPILLWAY_TEST_POSTGRES=${version} `}ENGINES=postgres npm run test:${name}\` runs it alone.`,
  run: async () => {
    const chosen = version === undefined ? {} : { SPILLWAY_TEST_POSTGRES: String(version) };
    return (await runSuite(name, [], { ENGINES: "postgres", ...chosen })) ?? noTestsYet;
  },
});

/** What of the wire suite is the engine's affair, on PostgreSQL. */
export const wireOnPostgres: Step = {
  name: "wire on PostgreSQL",
  hint: "`SPILLWAY_DEPLOYMENT=postgres npm run test:wire -- FILE` runs a file of it alone.",
  run: async () =>
    missingCluster() ||
    ((await runSuite("wire", engineFiles, { SPILLWAY_DEPLOYMENT: "postgres" })) ?? noTestsYet),
};

/**
 * What of the wire suite is the engine's affair, on the engine of AWS; the rest no engine alters. Without the bursts of
 * two thousand calls, which are more than an emulated table keeps up with.
 */
export const wireOnAws: Step = {
  name: "wire on aws",
  hint: "`SPILLWAY_DEPLOYMENT=container npm run test:wire -- FILE` runs a file of it alone.",
  run: async () => (await runSuite("wire", engineFiles, { SPILLWAY_DEPLOYMENT: "container" })) ?? noTestsYet,
};

const engineFiles = [
  ...["flows", "idempotency", "receipts", "receipt-events", "prefer", "cancel", "batch"],
  ...["socket", "counts", "drain", "example", "admin-jobs"],
].map((name) => `test/wire/${name}.test.ts`);

/**
 * The same suite on the oldest supported line. Node.js 24 is not packaged for Apple silicon: only 26 runs there.
 * @param without names of files that it has nothing to say about
 */
export const suiteOn24 = (name: SuiteName, without: readonly string[] = []): Step => ({
  name: `${name} on Node.js 24`,
  hint: `\`SPILLWAY_NODE=24 npm run test:${name}\` runs it alone.`,
  run: async () => {
    const packaged = process.platform !== "darwin" || process.arch !== "arm64";
    return packaged
      ? ((await runSuiteOn24(name, without)) ?? noTestsYet)
      : "Node.js 24 is not packaged for this machine";
  },
});

/** Runs the steps, sets the exit code, and closes with a table and a line of totals. */
export async function runSteps(steps: readonly Step[]): Promise<void> {
  const started = performance.now();
  const lines: string[] = [];
  const totals = { passed: 0, failed: 0, skipped: 0 };
  let failure: Step | undefined;
  for (const step of steps) {
    console.log(`\n▶ ${step.name}`);
    const stepStarted = performance.now();
    const result = await step.run();
    const time = secondsSince(stepStarted);
    if (typeof result === "string") {
      lines.push(`  – ${step.name}: ${result}`);
      continue;
    }
    totals.passed += result.passed;
    totals.failed += result.failed;
    totals.skipped += result.skipped;
    lines.push(`  ${result.ok ? "✔" : "✖"} ${step.name}${counts(result)} (${time})`);
    if (!result.ok) {
      failure = step;
      break;
    }
  }
  console.log(`\n${lines.join("\n")}\n  ${secondsSince(started)} in all`);
  if (failure !== undefined) {
    console.log(
      `\n✖ ${failure.name} failed; what comes after it did not run. ${failure.hint ?? ""}`.trimEnd(),
    );
    process.exitCode = 1;
  }
  console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
}

const counts = ({ passed, failed, skipped }: Outcome) =>
  passed + failed + skipped === 0
    ? ""
    : `: ${passed} passed${failed > 0 ? `, ${failed} failed` : ""}${skipped > 0 ? `, ${skipped} skipped` : ""}`;

const secondsSince = (start: number) => `${((performance.now() - start) / 1_000).toFixed(1)} s`;
