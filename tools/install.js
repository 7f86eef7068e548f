// Brings a folder's node_modules in line with its lockfile by `npm ci --ignore-scripts`, and only when it is not:
// then it says what it installs and why, else it prints nothing. An install made by hand counts as well.
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { Problem, passSignals, root } from "./launch.js";
import { holdLock } from "./lock.js";

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, os?: string | string[], cpu?: string | string[], libc?: string | string[] }} Entry */

/**
 * @param {string} folder relative to the root; "" is the root
 * @param {string} why shown when something is installed
 */
export async function ensureInstalled(folder, why) {
  const path = join(root, folder);
  if (await isCurrent(path)) return;
  const release = await holdLock(join(path, ".install.lock"), (pid) => {
    console.error(`spillway: waiting for process ${pid}, which is installing ${label(folder)} …`);
  });
  try {
    if (await isCurrent(path)) return;
    console.error(`spillway: installing ${why} into ${label(folder)} (npm ci, once) …`);
    await npmCi(path, folder);
    if (!(await isCurrent(path))) throw incomplete(folder);
  } finally {
    release();
  }
}

/** @param {string} folder */
const label = (folder) => (folder === "" ? "node_modules" : `${folder}/node_modules`);

/**
 * npm writes node_modules/.package-lock.json last, as its record of what it installed: comparing that with the
 * lockfile tells an unfinished, older or foreign-platform install without a marker of our own.
 * @param {string} path
 */
async function isCurrent(path) {
  const wanted = await packages(join(path, "package-lock.json"));
  if (wanted === undefined) throw new Problem(`${join(path, "package-lock.json")} is missing or damaged.`);
  const installed = await packages(join(path, "node_modules", ".package-lock.json"));
  if (installed === undefined) return false;
  return Object.entries(wanted).every(([name, entry]) => {
    if (name === "") return true;
    const found = installed[name];
    if (found === undefined) return entry.optional === true && !belongsHere(entry);
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

/**
 * @param {string} file
 * @returns {Promise<Record<string, Entry> | undefined>}
 */
async function packages(file) {
  try {
    return JSON.parse(await readFile(file, "utf8")).packages;
  } catch {
    return undefined;
  }
}

/**
 * Whether npm is expected to install an optional package on this machine. Those bound to a C library are left to npm.
 * @param {Entry} entry
 */
function belongsHere(entry) {
  if (entry.libc !== undefined) return false;
  const listed = (/** @type {string | string[] | undefined} */ list, /** @type {string} */ value) =>
    list === undefined || [list].flat().includes(value);
  return listed(entry.os, process.platform) && listed(entry.cpu, process.arch);
}

/**
 * @param {string} path
 * @param {string} folder
 */
async function npmCi(path, folder) {
  // Development packages are named explicitly: NODE_ENV=production would leave out what the examples import.
  const args = [
    "ci",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--include=dev",
    "--include=optional",
    "--loglevel=error",
  ];
  const npm = process.env["npm_execpath"] ?? "";
  const [command, first] = basename(npm) === "npm-cli.js" ? [process.execPath, [npm]] : ["npm", []];
  const env = { ...process.env };
  delete env["npm_config_local_prefix"];
  const child = spawn(command, [...first, ...args], { cwd: path, env, stdio: ["ignore", 2, 2] });
  const stopPassing = passSignals(child);
  const ended = await new Promise((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("exit", (code, signal) => resolve(signal ?? code));
  });
  stopPassing();
  if (ended === "SIGINT" || ended === "SIGTERM" || ended === 130 || ended === 143)
    throw new Problem("the install was interrupted; run the same command again.");
  if (ended === 0) return;
  throw new Problem(
    `installing into ${label(folder)} failed (npm ci ended with ${ended}; its own words are above).\n` +
      "Check that the npm registry can be reached and that the disk has room, then run the same command again. By hand it is:\n" +
      `  ${folder === "" ? "" : `cd ${folder} && `}npm ci --ignore-scripts`,
  );
}

/** @param {string} folder */
const incomplete = (folder) =>
  new Problem(
    `npm reported success, but ${label(folder)} is still not what ${join(folder, "package-lock.json")} says.\n` +
      `Remove ${label(folder)} and run the same command again.`,
  );
