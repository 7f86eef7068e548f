// Measured rows as a table, with what misses its goal marked. Pure.
import type { BoundName } from "../goals.ts";
import type { Measured } from "./sample.ts";
import { type Figure, medianOf, ratio, values } from "./statistics.ts";
import { fixed, type Table, whole } from "./table.ts";
import { shareOfGoal, type Verdict } from "./verdict.ts";

/** Which figure of which row a goal is about; `of` and `cpuOf` are the ratios to the reference. */
export type Held = Readonly<
  Partial<Record<BoundName, { readonly row: string; readonly cell: Figure | "of" | "cpuOf" }>>
>;

export const MISSED = "✗";

type Column = {
  readonly head: string;
  readonly cell: Figure | "of" | "cpuOf" | undefined;
  readonly text: (row: Measured) => string;
};

/** @param reference the row that all others are compared with, if there is one */
export function rowsTable(
  rows: readonly Measured[],
  verdicts: readonly Verdict[],
  held: Held,
  reference?: { readonly row: Measured; readonly name: string },
): Table {
  const goalsOf = (row: Measured) => verdicts.filter(({ name }) => held[name]?.row === row.id);
  const shown = [
    ...COLUMNS.filter(
      ({ cell }) => cell === undefined || rows.some((row) => values(row, cell as Figure).length > 0),
    ),
    ...(reference ? referenceColumns(reference.row, reference.name) : []),
    { head: "of goal", cell: undefined, text: (row: Measured) => smallestShare(goalsOf(row)) },
  ];
  return {
    head: ["", ...shown.map(({ head }) => head)],
    rows: rows.map((row) => {
      const missed = goalsOf(row).flatMap(({ name, reached }) => (reached ? [] : held[name]?.cell));
      const cells = shown.map(({ cell, text }) => {
        const shownText = text(row);
        return cell !== undefined && missed.includes(cell) ? `${shownText} ${MISSED}` : shownText;
      });
      return [row.name, ...cells];
    }),
  };
}

const COLUMNS: readonly Column[] = [
  { head: "per second", cell: "perSecond", text: (row) => whole(medianOf(row, "perSecond")) },
  { head: "spread", cell: undefined, text: spread },
  { head: "p50 ms", cell: "p50Ms", text: (row) => fixed(medianOf(row, "p50Ms"), 2) },
  { head: "p99 ms", cell: "p99Ms", text: (row) => fixed(medianOf(row, "p99Ms"), 2) },
  { head: "CPU µs each", cell: "cpuMicros", text: (row) => fixed(medianOf(row, "cpuMicros"), 1) },
  { head: "per fsync", cell: "perCommit", text: (row) => fixed(medianOf(row, "perCommit"), 0) },
  { head: "RSS MiB", cell: "rssMiB", text: (row) => fixed(medianOf(row, "rssMiB"), 0) },
];

const referenceColumns = (reference: Measured, name: string): readonly Column[] => [
  { head: `of ${name}`, cell: "of", text: (row) => fixed(ratio(row, reference), 2) },
  { head: "its CPU", cell: "cpuOf", text: (row) => fixed(ratio(row, reference, "cpuMicros"), 2) },
];

export function spread(row: Measured): string {
  const rates = values(row, "perSecond");
  return rates.length === 0 ? "" : `${whole(Math.min(...rates))}–${whole(Math.max(...rates))}`;
}

/** The goal that is furthest from being reached. */
function smallestShare(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return "";
  const share = Math.min(...verdicts.map(shareOfGoal));
  return `${share.toFixed(2)}${share < 1 ? ` ${MISSED}` : ""}`;
}
