// Tables for people, as text and as Markdown. Pure.
import { median } from "./statistics.ts";

export type Table = { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] };

export function textTable({ head, rows }: Table): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((cells) => cells[column]?.length ?? 0)));
  return all
    .map((cells) =>
      cells.map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      ),
    )
    .map((cells) => cells.join("  ").trimEnd())
    .join("\n");
}

export function markdownTable({ head, rows }: Table): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = head.map((_, column) => (column === 0 ? "---" : "--:"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

export const whole = (value: number): string =>
  Number.isNaN(value) ? "" : Math.round(value).toLocaleString("en-US");

export const fixed = (value: number, digits: number): string =>
  Number.isNaN(value) ? "" : value.toFixed(digits);

export const spreadOf = (values: readonly number[], digits: number): string =>
  `${fixed(Math.min(...values), digits)}–${fixed(Math.max(...values), digits)}`;

type Repeated = readonly [name: string, values: readonly number[], digits: number];

/** What was measured several times each. */
export const mediansTable = (measured: readonly Repeated[]): Table => ({
  head: ["", "median", "spread"],
  rows: measured.map(([name, values, digits]) => [
    name,
    fixed(median(values), digits),
    spreadOf(values, digits),
  ]),
});
