/** `GET /admin/reports` and `/admin/reports/{name}`: flow reports that were made before. */
import type { Reply } from "../exchange.ts";
import { refuse } from "../replies.ts";
import type { ReportEntry, Reports } from "../reports.ts";
import { answer, pageOf } from "./lists.ts";
import type { Query } from "./query.ts";

export async function reportsRoute(query: Query, reports: Reports | undefined): Promise<Reply> {
  return pageOf((await reports?.list()) ?? [], query, newestFirst);
}

export async function reportRoute(name: string, reports: Reports | undefined): Promise<Reply> {
  const report = await reports?.read(name);
  if (report !== undefined) return answer(report);
  throw refuse("not-found", `No report that can be shown is called ${JSON.stringify(name.slice(0, 100))}.`);
}

/** After every moment that a date can name. */
const END_OF_TIME = 8_640_000_000_000_001;
const DIGITS = 17;

function newestFirst({ name, madeAt }: ReportEntry): string {
  return `${String(END_OF_TIME - Date.parse(madeAt)).padStart(DIGITS, "0")} ${name}`;
}
