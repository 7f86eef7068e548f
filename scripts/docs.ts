// Writes the pages that are made from the code: docs/errors.md, docs/engines.md and docs/aws-costs.md. With --check it
// writes nothing and fails if a page is not what it would write.
import { readFile, writeFile } from "node:fs/promises";
import { PROBLEMS } from "../src/core/errors.ts";
import { subjects } from "../test/conformance/engines.ts";
import { awsCostsPage } from "./aws-costs.ts";

const MADE = "<!-- Made by scripts/docs.ts; `npm run docs` writes it again. -->";

function errorsPage(): string {
  const rows = Object.entries(PROBLEMS).map(([code, row]) => {
    const again = "retryable" in row ? "yes" : "no";
    return `| \`${code}\` | ${row.status} | ${row.title} | ${again} |`;
  });
  return [
    "# Problems",
    MADE,
    "Every error body is `application/problem+json` (RFC 9457) with `type`, `title`, `status`, `code` and mostly a `detail` that says what happened and what to do. Switch on `code`. When each is answered is told in [wire.md](wire.md) §6; an operation may end in codes of its own (status 4xx).",
    ["| code | status | title | may help to try again |", "| --- | --- | --- | --- |", ...rows].join("\n"),
  ].join("\n\n");
}

async function enginesPage(): Promise<string> {
  const columns = await Promise.all(
    subjects.map(async (engine) => {
      const { source, remove } = await engine.install();
      await remove();
      return { ...engine, limits: source.limits };
    }),
  );
  const row = (what: string, of: (column: (typeof columns)[number]) => string) =>
    `| ${what} | ${columns.map(of).join(" | ")} |`;
  const waivers = columns.flatMap(({ name, waivers }) =>
    waivers.map(({ test, reason }) => `- **${name}** does not promise that ${test}: ${reason}`),
  );
  return [
    "# Engines",
    MADE,
    "All engines pass one conformance suite (`npm run test:conformance`); what differs stands here, and nowhere else.",
    [
      `| | ${columns.map(({ name }) => name).join(" | ")} |`,
      `| --- | ${columns.map(() => "---").join(" | ")} |`,
      row("outlives its process", ({ survives }) => (survives ? "yes" : "no")),
      row("processes that may serve one store", ({ limits }) => (limits.singleOwner ? "one" : "many")),
      row("what waits is counted", ({ queues }) =>
        queues === "exact" ? "exactly" : "about right, as SQS does",
      ),
      row("what is past its time goes", ({ prunes }) =>
        prunes === "in its sweep" ? "with a sweep" : "by itself, in days; nobody sees it",
      ),
      row("commits under way at once", ({ limits }) => String(limits.groupsInFlight)),
      row("statements on tables of the app's own", ({ limits }) => (limits.sql ? "yes" : "no")),
      row("interactive transactions (`sql: true`)", ({ limits }) =>
        limits.sql?.transactions ? "yes" : "no",
      ),
      row("input, at most", ({ limits }) => `${limits.inputBytes / 1024} KiB`),
      row("output, at most", ({ limits }) => `${limits.outputBytes / 1024} KiB`),
      row("writes and sends in one attempt", ({ limits }) => String(limits.effects)),
      row("one row of a table", ({ limits }) => `${limits.itemBytes / 1024} KiB`),
      row("all effects of one attempt", ({ limits }) => `${limits.effectBytes / 1e6} MB`),
    ].join("\n"),
    "## Waivers",
    waivers.length > 0 ? waivers.join("\n") : "None: all keep every promise of the suite.",
  ].join("\n\n");
}

const pages = {
  "docs/errors.md": errorsPage(),
  "docs/engines.md": await enginesPage(),
  "docs/aws-costs.md": awsCostsPage(MADE),
};
const stale: string[] = [];
for (const [path, text] of Object.entries(pages)) {
  const file = new URL(`../${path}`, import.meta.url);
  const before = await readFile(file, "utf8").catch(() => "");
  if (before === `${text}\n`) continue;
  stale.push(path);
  if (!process.argv.includes("--check")) await writeFile(file, `${text}\n`);
}
if (process.argv.includes("--check") && stale.length > 0) {
  console.error(`${stale.join(" and ")} not current. Run "npm run docs" and commit what it writes.`);
  process.exitCode = 1;
} else {
  console.log(stale.length > 0 ? `Wrote ${stale.join(" and ")}.` : "All made pages are current.");
}
