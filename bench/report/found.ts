// What a run found, whatever it measured: its samples for programs, its tables for people, its figures for the goals.
import type { Measured } from "./sample.ts";
import type { Table } from "./table.ts";
import type { Figures, Verdict } from "./verdict.ts";

export type Found = {
  readonly rows: readonly Measured[];
  readonly figures: Figures;
  readonly tables: (verdicts: readonly Verdict[]) => readonly TitledTable[];
  /** What a reader of the numbers must know. */
  readonly notes: readonly string[];
  /** What could not be measured, by name, and what to do about it. */
  readonly skipped: readonly string[];
};

export type TitledTable = { readonly title: string; readonly table: Table };

export function together(founds: readonly Found[]): Found {
  return {
    rows: founds.flatMap(({ rows }) => rows),
    figures: Object.assign({}, ...founds.map(({ figures }) => figures)) as Figures,
    tables: (verdicts) => founds.flatMap(({ tables }) => tables(verdicts)),
    notes: founds.flatMap(({ notes }) => notes),
    skipped: founds.flatMap(({ skipped }) => skipped),
  };
}
