/** What was made, in words and tables that read well in a terminal and as Markdown. */
import type { BundledFile } from "./bundles.ts";
import type { Plan, PlannedOperation } from "./plan.ts";
import type { PlannedFunction } from "./template/functions.ts";

type Row = readonly string[];

export function describedPlan(
  plan: Plan,
  functions: readonly PlannedFunction[],
  bundled: readonly BundledFile[],
): string {
  return `# This app on AWS

Made by \`spillway synth\`, which may write all of it again: change the app or the options, not these files.

## Operations

${table(["operation", "flow", "access", "at once", "queue"], plan.operations.map(operationRow))}

## Limits

What is at once and what is in the queue is never above the limit.

${table(
  ["limit", "in all", "at once", "queue"],
  plan.limits.map(({ name, concurrency, atOnce, queue }) => [
    name,
    `${concurrency}`,
    orNone(atOnce),
    orNone(queue),
  ]),
)}

${queuesOf(plan)}## Functions

${table(
  ["function", "does", "time", "memory", "code"],
  functions.map(({ id, bundle, about, timeoutSeconds, memoryMiB }) => [
    id,
    about,
    `${timeoutSeconds} s`,
    `${memoryMiB} MiB`,
    `code/${bundle}, ${kibOf(bundled, bundle)}`,
  ]),
)}

## To know

${plan.notes.map((note) => `- ${note}`).join("\n")}
- Queues and the table stay when the stack is deleted, or when a later template no longer has them.
`;
}

function operationRow({ name, flow, access, accept, atOnce, queue }: PlannedOperation): Row {
  const way = accept === "direct" ? `${queue}, also directly` : (queue ?? "none");
  return [name, flow, access, atOnce ? "yes" : "no", way];
}

function queuesOf({ queues }: Plan): string {
  if (queues.length === 0) return "";
  const rows = queues.map((queue) => [
    queue.name,
    `${queue.maximumConcurrency} × ${queue.parallel}`,
    `${queue.batchSize}${queue.windowSeconds > 0 ? `, gathered for ${queue.windowSeconds} s` : ""}`,
    `${queue.functionTimeoutSeconds} s`,
    `${queue.visibilitySeconds} s`,
    `${queue.maxReceiveCount}`,
  ]);
  const head = ["queue", "functions × jobs in each", "batch", "function", "hidden for", "deliveries"];
  return `## Queues\n\n${table(head, rows)}\n\n`;
}

function orNone(count: number): string {
  return count === 0 ? "-" : `${count}`;
}

/** What is loaded at once, and what only when it is needed. */
function kibOf(bundled: readonly BundledFile[], bundle: string): string {
  const own = bundled.filter(({ path }) => path.startsWith(`${bundle}/`));
  const bytes = own.reduce((sum, { contents }) => sum + contents.byteLength, 0);
  return `${Math.ceil(bytes / 1_024)} KiB`;
}

function table(head: Row, rows: readonly Row[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  const line = (row: Row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}
