/**
 * A page of jobs. The server looks among so many jobs at a time, so an answer may be short of its limit although
 * there are more; asking on fills the page, up to a bound, after which the reader decides.
 */
import { ask } from "../../api.ts";
import type { ListedJob, Page } from "../../wire.ts";

export const PAGE = 50;
/** Of 2,000 jobs or more each. */
const MOST_ROUNDS = 50;

export async function findJobs(
  asked: Readonly<Record<string, string>>,
  cursor: string,
  signal: AbortSignal,
  rounds = MOST_ROUNDS,
): Promise<Page<ListedJob>> {
  const items: ListedJob[] = [];
  let next: string | null = cursor;
  for (let round = 0; round < rounds && next !== null && items.length < PAGE; round++) {
    const page: Page<ListedJob> = await ask("/admin/jobs", {
      query: { ...asked, limit: PAGE - items.length, cursor: next },
      signal,
    });
    items.push(...page.items);
    next = page.next;
  }
  return { items, next };
}
