/**
 * While a command imports the module of an app, that module must not serve it: the command does so itself, or, like
 * the lab, must not touch the app's own store. The mark is global, since the module may have a Spillway of its own.
 */
import { configurationError } from "../core/errors.ts";

const MARK = Symbol.for("spillway.importing");

type Marked = typeof globalThis & { [MARK]?: string };

/** @param file whose import `load` is */
export async function withoutServing<T>(file: string, load: () => Promise<T>): Promise<T> {
  const marked = globalThis as Marked;
  marked[MARK] = file;
  try {
    return await load();
  } finally {
    delete marked[MARK];
  }
}

export function refuseWhileImporting(): void {
  const file = (globalThis as Marked)[MARK];
  if (file === undefined) return;
  throw configurationError(
    `${file} serves its app when it is imported.`,
    "Move `await serve(app)` into a file of its own that imports the app, such as main.ts, or leave it out: `spillway serve` does it.",
  );
}
