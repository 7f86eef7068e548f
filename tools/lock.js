// A lock between processes by one file that names its holder. The holder touches the file every second; a file that
// nobody touched for ten seconds, or whose holder is gone, is stale and is taken over. Not meant for network drives.
import { closeSync, openSync, readFileSync, rmSync, statSync, utimesSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

const touchEveryMs = 1_000;
const staleAfterMs = 10_000;

/**
 * @param {string} path
 * @param {(pid: string) => void} onWait called once if another process holds the lock
 * @returns {Promise<() => void>} releases it
 */
export async function holdLock(path, onWait) {
  for (let waited = false; !create(path); waited = true) {
    const holder = look(path);
    if (holder === undefined) continue;
    if (holder.stale) removeStale(path);
    else {
      if (!waited) onWait(holder.pid);
      await sleep(200);
    }
  }
  const touching = setInterval(() => touch(path), touchEveryMs);
  const release = () => {
    clearInterval(touching);
    process.off("exit", release);
    rmSync(path, { force: true });
  };
  process.on("exit", release);
  return release;
}

/** @param {string} path */
function create(path) {
  try {
    const file = openSync(path, "wx");
    writeSync(file, `${process.pid} ${hostname()}`);
    closeSync(file);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** @param {string} path */
function look(path) {
  try {
    const [pid = "", host = ""] = readFileSync(path, "utf8").split(" ");
    const untouched = Date.now() - statSync(path).mtimeMs > staleAfterMs;
    return { pid, stale: untouched || (host === hostname() && isGone(Number(pid))) };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Two processes may find the same lock stale: the one that creates the second file looks again and removes, so that
 * the slower one cannot remove the lock that the faster one has taken meanwhile.
 * @param {string} path
 */
function removeStale(path) {
  const breaking = `${path}.breaking`;
  if (!create(breaking)) {
    if (look(breaking)?.stale) rmSync(breaking, { force: true });
    return;
  }
  if (look(path)?.stale) rmSync(path, { force: true });
  rmSync(breaking, { force: true });
}

/** @param {string} path */
function touch(path) {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // Taken away by hand: the install goes on, and release() has nothing left to remove.
  }
}

/** @param {number} pid */
function isGone(pid) {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return codeOf(error) === "ESRCH";
  }
}

/** @param {unknown} error */
const codeOf = (error) => (error instanceof Error && "code" in error ? error.code : undefined);
