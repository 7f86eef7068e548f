// Where a measured build comes from: this working tree, another folder with a clone, or a commit of this repository.
// Each is copied into a temp folder first, so that nothing is written where people work, and an interrupted bench
// leaves nothing in the repository (a git worktree would leave its registration).
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "../..");

export type Source = {
  /** For tables: "this tree", "4482fe4". */
  readonly label: string;
  readonly commit: string;
  /** Puts the sources into a folder. */
  readonly copyTo: (folder: string) => void;
};

/** What a build reads. */
const BUILT_FROM = ["src", "bin", "scripts", "console", "package.json", "package-lock.json"] as const;
const COPYING = { recursive: true, filter: (from: string) => basename(from) !== "node_modules" } as const;
const CONFIGURATION = ["tsconfig.json", "tsconfig.build.json", "LICENSE", "README.md"] as const;

export function folderSource(folder: string, label: string): Source {
  return {
    label,
    commit: commitOf(folder),
    copyTo(target) {
      mkdirSync(target, { recursive: true });
      for (const name of [...BUILT_FROM, ...CONFIGURATION]) {
        if (existsSync(join(folder, name))) cpSync(join(folder, name), join(target, name), COPYING);
      }
    },
  };
}

/** @param named a commit, branch or tag of this repository, or the folder of another clone */
export function namedSource(named: string): Source {
  const folder = resolve(named);
  if (existsSync(join(folder, "src")) && statSync(folder).isDirectory())
    return folderSource(folder, commitOf(folder));
  const commit = resolvedCommit(named);
  return {
    label: commit,
    commit,
    copyTo(target) {
      mkdirSync(target, { recursive: true });
      const archive = execFileSync("git", ["archive", "--format=tar", commit], {
        cwd: root,
        maxBuffer: 1 << 30,
      });
      execFileSync("tar", ["-x", "-C", target], { input: archive });
    },
  };
}

function resolvedCommit(named: string): string {
  try {
    return git(root, "rev-parse", "--short", "--verify", `${named}^{commit}`);
  } catch {
    throw new RangeError(
      `--against got "${named}", which is neither a commit of this repository nor a folder with one. ` +
        "`git log --oneline` lists commits.",
    );
  }
}

function commitOf(folder: string): string {
  try {
    const changed = git(folder, "status", "--porcelain", "--", "src") === "" ? "" : "+changes";
    return git(folder, "rev-parse", "--short", "HEAD") + changed;
  } catch {
    return "unknown";
  }
}

const git = (cwd: string, ...args: readonly string[]): string =>
  execFileSync("git", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
