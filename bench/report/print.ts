// One run as people read it, as text or as Markdown. Pure.
import type { Found } from "./found.ts";
import type { Result } from "./result.ts";
import { markdownTable, textTable } from "./table.ts";
import { sentenceOf } from "./verdict.ts";

export function text(result: Result, found: Found): string {
  const { surroundings: around, verdicts } = result;
  return [
    `${around.machine}\nNode.js ${around.node}, SQLite ${around.sqlite}, commit ${around.commit}; data on ${around.disk}; load by ${around.generator}, on the same cores\n${settingsOf(result)}`,
    ...found.tables(verdicts).map(({ title, table }) => `${title}\n${textTable(table)}`),
    ...(verdicts.length > 0 ? [verdicts.map(sentenceOf).join("\n")] : []),
    [...found.notes, ...found.skipped.map((why) => `NOT MEASURED  ${why}`)].join("\n"),
  ].join("\n\n");
}

export function markdown(result: Result, found: Found): string {
  const { surroundings: around, verdicts } = result;
  return [
    `${around.machine}; Node.js ${around.node}, SQLite ${around.sqlite}, commit ${around.commit}; data on ${around.disk}; load by ${around.generator}, on the same cores. ${settingsOf(result)}.`,
    ...found.tables(verdicts).map(({ title, table }) => `**${title}**\n\n${markdownTable(table)}`),
    verdicts.map((verdict) => `- ${sentenceOf(verdict).replace(/\s+/g, " ")}`).join("\n"),
    [...found.notes, ...found.skipped.map((why) => `Not measured: ${why}`)]
      .map((note) => `- ${note}`)
      .join("\n"),
  ].join("\n\n");
}

const settingsOf = ({ settings }: Result): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
