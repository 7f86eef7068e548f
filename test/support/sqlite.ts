/** Engines on SQLite as its own tests need them: in a folder of their own, with limits that the public way hides. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import type { Change, Engine, EngineHost, NewCall } from "../../src/core/engine.ts";
import { Ids } from "../../src/core/ids.ts";
import { systemRandom } from "../../src/core/random.ts";
import { PORTABLE_SIZES, retentionOf } from "../../src/core/store-defaults.ts";
import { openSqlite, type SqliteSettings } from "../../src/engines/sqlite/engine.ts";
import { newCall } from "./calls.ts";

export const clock = systemClock();
export const random = systemRandom();
const ids = new Ids(clock, random);

export function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "spillway-sqlite-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "data");
}

export function hostOf(fatal: Error[] = []): EngineHost {
  return { clock, random, onFatal: (error) => void fatal.push(error) };
}

export function settingsOf(folder: string, more: Partial<SqliteSettings> = {}): SqliteSettings {
  const limits = { ...PORTABLE_SIZES, singleOwner: true, groupsInFlight: 1 };
  return { folder, limits, retention: retentionOf(undefined, "a test"), checkpointPages: 1_000, ...more };
}

/** Open until the test ends. */
export async function opened(
  t: TestContext,
  folder: string,
  more: Partial<SqliteSettings> = {},
  fatal: Error[] = [],
): Promise<Engine> {
  const engine = await openSqlite(settingsOf(folder, more), hostOf(fatal));
  t.after(() => engine.close());
  return engine;
}

export function call(more: Partial<NewCall> = {}): NewCall {
  return newCall(ids, more);
}

export function open(more: Partial<NewCall> = {}): Change {
  return { kind: "open", call: call(more) };
}

/** What a promise has come to by now. */
export async function stateOf(
  promise: Promise<unknown>,
  withinMs = 100,
): Promise<"pending" | "resolved" | "rejected"> {
  const waited = new Promise<"pending">((resolve) => setTimeout(resolve, withinMs, "pending"));
  return Promise.race([
    promise.then(
      () => "resolved" as const,
      () => "rejected" as const,
    ),
    waited,
  ]);
}
