/** What the burst shows: its table, and the sentences under it, made from the numbers. Pure. */

export type FlowResult = {
  readonly operation: string;
  readonly calls: number;
  /** Calls answered with their order. */
  readonly answered: number;
  /** Calls answered with a receipt. */
  readonly receipts: number;
  /** Calls turned away with nothing kept, by problem code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Calls that got no answer at all; what became of them is unknown. */
  readonly unanswered: number;
  /** Calls answered by a failure, and receipts that ended as one. */
  readonly failed: number;
  /** Receipts that the server did not know, or that reached no final state while we waited. */
  readonly unfinished: number;
  /** Orders that a reply or a receipt says were placed. */
  readonly promised: number;
  /** Those of them that were found again, each with an id of its own. */
  readonly found: number;
  readonly database: { readonly capacity: number; readonly peak: number; readonly writes: number };
  readonly lastReplyMs: number;
  readonly lastCompletionMs: number;
};

/** Orders that are there and that the database was charged for once. */
export function writtenOnce(result: FlowResult): number {
  return Math.max(0, result.found - chargedAgain(result));
}

/** Writes of the database beyond one for each order; an order that was lost later was charged for, too. */
function chargedAgain(result: FlowResult): number {
  return Math.max(0, result.database.writes - expected(result));
}

function expected({ promised, unfinished }: FlowResult): number {
  return promised + unfinished;
}

/** Promised, and not kept. */
export function lost({ promised, found, unfinished }: FlowResult): number {
  return promised - found + unfinished;
}

export function table(results: readonly FlowResult[]): string {
  const codes = [...new Set(results.flatMap(({ refused }) => Object.keys(refused)))].sort();
  const row = (name: string, cell: (result: FlowResult) => string) => [name, ...results.map(cell)];
  const rows = [
    row("", ({ operation }) => operation),
    row("answered at once", ({ answered }) => whole(answered)),
    row("receipts", ({ receipts }) => whole(receipts)),
    ...(codes.length === 0 ? [row("refused", () => "0")] : []),
    ...codes.map((code) => row(`refused: ${code}`, ({ refused }) => whole(refused[code] ?? 0))),
    row("failed", ({ failed }) => whole(failed)),
    ...(results.some(({ unanswered }) => unanswered > 0)
      ? [row("no answer", ({ unanswered }) => whole(unanswered))]
      : []),
    row("written once", (result) => `${whole(writtenOnce(result))} of ${whole(expected(result))}`),
    row("peak at the database", ({ database }) => `${whole(database.peak)} of ${whole(database.capacity)}`),
    row("last reply after", ({ lastReplyMs }) => seconds(lastReplyMs)),
    row("last completion after", ({ lastCompletionMs }) => seconds(lastCompletionMs)),
  ];
  const widths =
    rows[0]?.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0))) ?? [];
  return rows
    .map((cells) =>
      cells.map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      ),
    )
    .map((cells) => cells.join("   ").trimEnd())
    .join("\n");
}

/** What one sees in the table. */
export function sentences(results: readonly FlowResult[]): string {
  if (results.length === 0) return "";
  return [...results.map(fate), databaseSentence(results), ordersSentence(results)].join("\n");
}

function fate(result: FlowResult): string {
  const { operation, calls, answered, receipts, failed, unanswered, unfinished } = result;
  const refused = sum(Object.values(result.refused));
  const end =
    unfinished > 0
      ? `never ended ${whole(unfinished)}`
      : `was done with the last after ${seconds(result.lastCompletionMs)}`;
  const parts = [
    ...(answered > 0 ? [`answered ${allOr(answered, calls)} at once`] : []),
    ...(receipts > 0 ? [`kept ${allOr(receipts, calls)}`, end] : []),
    ...(failed > 0 ? [`failed ${allOr(failed, calls)}`] : []),
    ...(unanswered > 0 ? [`left ${allOr(unanswered, calls)} without an answer`] : []),
    refused > 0 ? `turned ${allOr(refused, calls)} away` : "turned none away",
  ];
  return `${operation}: of ${whole(calls)} calls it ${listed(parts)}.`;
}

function listed(parts: readonly string[]): string {
  const before = parts.slice(0, -1).join(", ");
  return before === "" ? (parts[0] ?? "") : `${before} and ${parts.at(-1)}`;
}

function allOr(count: number, calls: number): string {
  return count === calls ? "all" : whole(count);
}

function databaseSentence(results: readonly FlowResult[]): string {
  const capacity = Math.max(...results.map(({ database }) => database.capacity));
  const peak = Math.max(...results.map(({ database }) => database.peak));
  return peak > capacity
    ? `The database saw ${whole(peak)} orders at once, MORE than its ${whole(capacity)} connections.`
    : `The database never saw more than ${whole(peak)} orders at once; it has ${whole(capacity)} connections.`;
}

function ordersSentence(results: readonly FlowResult[]): string {
  const promised = sum(results.map(({ promised }) => promised));
  const gone = sum(results.map(lost));
  const again = sum(results.map(chargedAgain));
  if (gone > 0)
    return `LOST: ${whole(gone)} of the ${whole(sum(results.map(expected)))} orders that were promised were not there in the end.`;
  const kept = `Each of the ${whole(promised)} orders that were promised is there`;
  return again === 0
    ? `${kept}, written once.`
    : `${kept}; the database counts ${whole(again)} writes more, by other callers or by attempts that were repeated.`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

export function whole(count: number): string {
  return count.toLocaleString("en-US");
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}
