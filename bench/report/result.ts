// One run as programs read it and as bench/results/ keeps it. The schema is described in bench/results/README.md.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Kind } from "../options.ts";
import type { Found } from "./found.ts";
import type { Measured } from "./sample.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Verdict } from "./verdict.ts";

export type Result = {
  readonly schema: "spillway-bench/1";
  readonly kind: Kind;
  /** RFC 3339, UTC, when it began. */
  readonly at: string;
  readonly tookSeconds: number;
  readonly surroundings: Surroundings;
  readonly settings: Readonly<Record<string, string | number>>;
  readonly rows: readonly Measured[];
  readonly verdicts: readonly Verdict[];
  readonly notes: readonly string[];
  readonly skipped: readonly string[];
};

export function resultOf(
  kind: Kind,
  began: Date,
  surroundings: Surroundings,
  settings: Result["settings"],
  { rows, notes, skipped }: Found,
  verdicts: readonly Verdict[],
): Result {
  return {
    schema: "spillway-bench/1",
    kind,
    at: began.toISOString(),
    tookSeconds: Math.round((Date.now() - began.getTime()) / 1_000),
    surroundings,
    settings,
    rows,
    verdicts,
    notes,
    skipped,
  };
}

/** `<date>-<commit>-<kind>.json`; a second one of the same day takes the place of the first. */
export function fileNameOf({ at, surroundings, kind }: Result): string {
  return `${at.slice(0, 10)}-${surroundings.commit.replace(/[^\w]/g, "-")}-${kind}.json`;
}

export function save(result: Result, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, fileNameOf(result));
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  return file;
}
