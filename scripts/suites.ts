// The test suites by name, and how node's own test runner runs one. It holds no tests and judges none.
import { globSync } from "node:fs";
import { basename, resolve } from "node:path";
import { type Executed, execute } from "./execute.ts";

export type SuiteName =
  | "unit"
  | "architecture"
  | "conformance"
  | "wire"
  | "browser"
  | "faults"
  | "postgres"
  | "nodes"
  | "system"
  | "aws";

type Suite = {
  readonly globs: readonly string[];
  readonly without?: readonly string[];
  /** Test files run at once. 1 where each keeps the machine busy by itself; one more than cores where some only wait. */
  readonly concurrency: number;
  /** The longest that one test file may take. */
  readonly fileTimeoutMs: number;
};

const seconds = 1_000;

/** Nodes on one PostgreSQL under load, to which everything happens that needs no root: minutes, not for every commit. */
const nodeFaults = ["nodes", "database", "lost-answers", "planted"].map(
  (name) => `test/postgres/${name}.test.ts`,
);

export const suites: Readonly<Record<SuiteName, Suite>> = {
  unit: {
    globs: ["test/unit/**/*.test.ts", "test/types/**/*.test.ts"],
    concurrency: 3,
    fileTimeoutMs: 60 * seconds,
  },
  architecture: { globs: ["test/architecture.test.ts"], concurrency: 1, fileTimeoutMs: 60 * seconds },
  conformance: { globs: ["test/conformance/**/*.test.ts"], concurrency: 2, fileTimeoutMs: 240 * seconds },
  wire: { globs: ["test/wire/**/*.test.ts"], concurrency: 3, fileTimeoutMs: 240 * seconds },
  browser: { globs: ["test/browser/**/*.test.ts"], concurrency: 2, fileTimeoutMs: 240 * seconds },
  faults: { globs: ["test/faults/**/*.test.ts"], concurrency: 1, fileTimeoutMs: 480 * seconds },
  postgres: {
    globs: ["test/postgres/**/*.test.ts"],
    without: nodeFaults,
    concurrency: 2,
    fileTimeoutMs: 240 * seconds,
  },
  nodes: { globs: nodeFaults, concurrency: 2, fileTimeoutMs: 480 * seconds },
  aws: { globs: ["test/aws/**/*.test.ts"], concurrency: 3, fileTimeoutMs: 480 * seconds },
  system: { globs: ["test/system/**/*.test.ts"], concurrency: 2, fileTimeoutMs: 600 * seconds },
};

/**
 * Where Node.js keeps what it has compiled: most of a short test's time is the reading of TypeScript that a process
 * before it has read. It is keyed by content, so that nothing in it can be stale.
 */
const compiled = {
  NODE_COMPILE_CACHE: resolve(import.meta.dirname, "../node_modules/.cache/node-compile"),
};

export type Outcome = {
  readonly ok: boolean;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
};

export const isSuiteName = (name: string): name is SuiteName => Object.hasOwn(suites, name);

/**
 * Runs a suite under this Node.js.
 * @param options options and files for `node --test`; files replace the suite's own
 * @param share environment that has its longest tests do less of the same
 * @returns undefined when the suite has no tests yet
 */
export async function runSuite(
  name: SuiteName,
  options: readonly string[] = [],
  share: Readonly<Record<string, string>> = {},
): Promise<Outcome | undefined> {
  const suite = suites[name];
  const named = options.filter((option) => !option.startsWith("-"));
  const files = named.length > 0 ? named : filesOf(name);
  if (files.length === 0) return undefined;
  const args = [
    "--test",
    "--test-reporter=spec",
    `--test-concurrency=${suite.concurrency}`,
    `--test-timeout=${suite.fileTimeoutMs}`,
    ...options.filter((option) => option.startsWith("-")),
    ...files,
  ];
  return outcome(await execute(process.execPath, args, { ...compiled, ...share }));
}

/**
 * Runs a suite under Node.js 24, which the launcher brings.
 * @param without names of files
 */
export async function runSuiteOn24(
  name: SuiteName,
  without: readonly string[] = [],
): Promise<Outcome | undefined> {
  const files = filesOf(name).filter((file) => !without.includes(basename(file, ".test.ts")));
  if (files.length === 0) return undefined;
  const named = without.length === 0 ? [] : files;
  const args = ["tools/run.js", "scripts/suite.ts", name, ...named];
  return outcome(await execute(process.execPath, args, { SPILLWAY_NODE: "24" }));
}

function filesOf(name: SuiteName): readonly string[] {
  const { globs, without = [] } = suites[name];
  return globSync([...globs], { exclude: [...without] }).sort();
}

function outcome({ code, output }: Executed): Outcome {
  const count = (label: string) =>
    Number([...output.matchAll(new RegExp(`^ℹ ${label} (\\d+)$`, "gm"))].at(-1)?.[1] ?? 0);
  const failed = count("fail") + count("cancelled");
  return {
    ok: code === 0,
    passed: count("pass"),
    failed: code === 0 ? failed : Math.max(failed, 1),
    skipped: count("skipped") + count("todo"),
  };
}
