/** The folder of a store and its files, made so that nobody but their owner can read them. */
import { chmodSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

export type Folder = {
  readonly path: string;
  readonly database: string;
  readonly lock: string;
  readonly holder: string;
};

export function prepareFolder(name: string): Folder {
  const first = mkdirSync(resolve(name), { recursive: true, mode: 0o700 });
  if (first !== undefined) syncFolder(dirname(first));
  const path = realpathSync(name);
  const folder = {
    path,
    database: join(path, "spillway.db"),
    lock: join(path, "spillway.lock"),
    holder: join(path, "spillway.pid"),
  };
  for (const file of [folder.database, folder.lock]) makePrivate(file);
  syncFolder(path);
  return folder;
}

/**
 * SQLite gives its log and shared memory the mode of the database file, so that one must be right before it
 * starts. An existing file is never opened here: closing it would end every lock that this process has on it.
 */
function makePrivate(file: string): void {
  if (existsSync(file)) chmodSync(file, 0o600);
  else closeSync(openSync(file, "wx", 0o600));
}

/** A file that is there after a power cut needs its entry in the folder to be there. */
function syncFolder(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
