/** A report as one file that can be mailed: the page that the console was bundled with, and the report inside it. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { SpillwayError } from "../core/errors.ts";
import type { FlowReport } from "./report.ts";
import { reportTable } from "./table.ts";

/** @throws SpillwayError where the page was not bundled */
export async function reportPage(report: FlowReport): Promise<string> {
  return filled(await template(), report);
}

/** The template has two comments in the places of the report and of what is shown where no script runs. */
export function filled(template: string, report: FlowReport): string {
  const title = `${report.operation} · flow report`;
  // Functions, as a text's "$&" would be a pattern of replace.
  return template
    .replace(/<title>.*?<\/title>/, () => `<title>${escaped(title)}</title>`)
    .replace("<!--text-->", () => `<pre>${escaped(reportTable(report))}</pre>`)
    .replace("<!--report-->", () => inScript(report));
}

async function template(): Promise<string> {
  // The published package has it one folder up; a clone bundles its own.
  const [published, clone] = ["../console/report.html", "../../console/.bundle/report.html"].map(
    (at) => new URL(at, import.meta.url),
  );
  const found = [published, clone].find((file) => file !== undefined && existsSync(file));
  if (found !== undefined) return readFile(found, "utf8");
  throw new SpillwayError(
    "configuration",
    `The page of a report is not there: ${clone?.pathname}. "node console/build.js" makes it.`,
  );
}

/** In a script element only "<" could end it or begin a comment. */
function inScript(report: FlowReport): string {
  return JSON.stringify(report).replaceAll("<", "\\u003c");
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
