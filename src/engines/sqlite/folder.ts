/** The folder of a store and its files, made so that nobody but their owner can read them. */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  statSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { configurationError } from "../../core/errors.ts";

export type Folder = {
  readonly path: string;
  readonly database: string;
  readonly lock: string;
  readonly holder: string;
};

/** @throws SpillwayError `configuration` where the system does not let us have it. */
export function prepareFolder(name: string): Folder {
  try {
    return prepare(name);
  } catch (error) {
    throw folderError(error, resolve(name));
  }
}

/** What the system said of a folder, with the next step. */
export function folderError(error: unknown, path: string): unknown {
  const code = error instanceof Error && "syscall" in error && "code" in error ? error.code : undefined;
  const there = nearest(path);
  if (code !== undefined && there?.isFolder === false)
    return configurationError(
      `${there.path} is a file, and sqlite() needs a folder.`,
      "Name another folder.",
    );
  switch (code) {
    case undefined:
      return error;
    case "EACCES":
    case "EPERM":
      return configurationError(
        `The folder ${path} cannot be written by this user (${code}).`,
        `Give it to user ${process.geteuid?.() ?? "N"}, or name another folder in sqlite().`,
      );
    case "EROFS":
      return configurationError(
        `The folder ${path} is on a file system that is mounted read-only (${code}).`,
        "Name another folder in sqlite().",
      );
    default:
      return configurationError(
        `The folder ${path} cannot be made or used (${(error as Error).message}).`,
        "Check the disk, or name another folder in sqlite().",
      );
  }
}

function prepare(name: string): Folder {
  makeFolder(resolve(name));
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

/** Not by a recursive mkdir: of a folder that can have none, such as /proc, that one never returns. */
function makeFolder(path: string): void {
  if (folderAt(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have been faster.
    if (folderAt(path)) return;
    throw error;
  }
  syncFolder(dirname(path));
}

/** The path, or the last above it that is there to be seen. */
function nearest(path: string): { readonly path: string; readonly isFolder: boolean } | undefined {
  const isFolder = folderAt(path);
  if (isFolder !== undefined) return { path, isFolder };
  return dirname(path) === path ? undefined : nearest(dirname(path));
}

/** Undefined where nothing is, or where we may not look. */
function folderAt(path: string): boolean | undefined {
  try {
    return statSync(path).isDirectory();
  } catch {
    return undefined;
  }
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
