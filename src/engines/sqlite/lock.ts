/**
 * One process serves a store, as long as it lives. Node.js offers no flock; SQLite's own lock on a small file
 * beside the database is one of the operating system's, ends with the process however that ends, and also
 * refuses a second connection of the same process, since SQLite shares its locks' record between threads.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { configurationError } from "../../core/errors.ts";
import { isBusy } from "./failures.ts";
import { type Folder, folderError } from "./folder.ts";

export type Lock = { release(): void };

export function takeLock({ path, lock, holder }: Folder): Lock {
  const database = new DatabaseSync(lock, { timeout: 0 });
  try {
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    throw isBusy(error) ? taken(path, holder) : error;
  }
  // Told to whoever is refused; the lock is what counts, so an old number in it does no harm.
  try {
    writeFileSync(holder, `${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    database.close();
    throw folderError(error, path);
  }
  return { release: () => database.close() };
}

function taken(path: string, holder: string) {
  const pid = readPid(holder);
  if (pid === process.pid) {
    return configurationError(
      `The store in ${path} is open in this process already (${pid}).`,
      "Close that engine first, or give sqlite() another folder.",
    );
  }
  const who = pid === undefined ? "Another process" : `Process ${pid}`;
  return configurationError(
    `${who} serves the store in ${path}, and a store is served by one process at a time.`,
    "Stop that one first, or give sqlite() another folder.",
  );
}

function readPid(holder: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(holder, "utf8"), 10);
    return Number.isInteger(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}
