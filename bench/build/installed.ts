// An app as a user has it: a folder with the bench's server scripts as JavaScript, and `spillway` in its
// node_modules as it is published. Measured like that, because types stripped at run time cost 35 MiB of memory,
// and because what is measured should be what people get.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { root, type Source } from "./source.ts";

/** A folder to start servers from: `product.js`, `empty.js`, `fastify.js`. */
export type Installed = { readonly label: string; readonly commit: string; readonly folder: string };

/** @param folder a temp folder of its own, which does not exist yet */
export function install(source: Source, folder: string): Installed {
  const sources = join(folder, "source");
  source.copyTo(sources);
  if (!existsSync(join(sources, "package-lock.json")) || !existsSync(join(sources, "scripts/build.ts")))
    throw new RangeError(
      `${source.label} cannot be built: it has no lockfile or no scripts/build.ts. Name a later commit.`,
    );
  linkTools(sources);
  runBuild(source.label, sources);
  const app = join(folder, "app");
  mkdirSync(join(app, "node_modules"), { recursive: true });
  writeFileSync(join(app, "package.json"), '{ "type": "module" }\n');
  link(join(sources, "dist"), join(app, "node_modules/spillway"));
  link(join(sources, "node_modules/zod"), join(app, "node_modules/zod"));
  link(join(root, "bench/fastify/node_modules/fastify"), join(app, "node_modules/fastify"));
  emitScripts(join(root, "bench/servers"), app);
  return { label: source.label, commit: source.commit, folder: app };
}

/** Packages of this clone where the lockfiles agree, else the ones that the other commit names. */
function linkTools(sources: string): void {
  mkdirSync(join(sources, "tools/check"), { recursive: true });
  link(join(root, "tools/check/node_modules"), join(sources, "tools/check/node_modules"));
  // A commit from before there was a console has no such folder.
  for (const folder of ["", "console"]) {
    if (!existsSync(join(sources, folder, "package-lock.json"))) continue;
    const [theirs, ours] = [sources, root].map((at) =>
      readFileSync(join(at, folder, "package-lock.json"), "utf8"),
    );
    if (theirs === ours) link(join(root, folder, "node_modules"), join(sources, folder, "node_modules"));
    else run("npm", NPM_CI, join(sources, folder));
  }
}

const NPM_CI = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];

const link = (target: string, path: string): void => {
  if (!existsSync(target)) throw new Error(`${target} is missing. Run \`npm run bench\`, which installs it.`);
  symlinkSync(target, path, "dir");
};

function runBuild(label: string, sources: string): void {
  try {
    run(process.execPath, ["scripts/build.ts"], sources);
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`The build of ${label} failed:\n${stdout}${stderr}`);
  }
}

const run = (command: string, args: readonly string[], cwd: string): string =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** Says each time that it is experimental, which is no news to whoever waits for figures. */
function stripped(script: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(script);
  } finally {
    process.emitWarning = emitWarning;
  }
}

function emitScripts(from: string, to: string): void {
  for (const name of readdirSync(from)) {
    if (!name.endsWith(".ts")) continue;
    const script = stripped(readFileSync(join(from, name), "utf8"));
    const imports = script.replace(/(from\s+"\.{1,2}\/[^"]*)\.ts"/g, '$1.js"');
    writeFileSync(join(to, name.replace(/\.ts$/, ".js")), imports);
  }
}

/** The peers' scripts beside their packages. Answers the folder that holds `bullmq.js` and the others. */
export function installPeers(folder: string): string {
  const scripts = join(folder, "peers");
  mkdirSync(scripts, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  link(join(root, "bench/peers/node_modules"), join(folder, "node_modules"));
  emitScripts(join(root, "bench/servers"), folder);
  emitScripts(join(root, "bench/servers/peers"), scripts);
  return scripts;
}
