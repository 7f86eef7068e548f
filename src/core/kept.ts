/** What stores keep of a job in a form of their own, the same in each that has rows. */
import { JOB_STATUSES, type JobStatus } from "./job.ts";

/** Statuses are stored by their place in that list, which may grow at its end only. */
export const STATUS = Object.fromEntries(JOB_STATUSES.map((status, place) => [status, place])) as Readonly<
  Record<JobStatus, number>
>;

/** A list's texts as they are appended to what is there, each after a comma: without parsing it. */
export function appended(values: readonly object[]): string {
  let text = "";
  for (const value of values) text += `,${JSON.stringify(value)}`;
  return text;
}

/** The list that was appended to so. */
export function listOf<T>(text: string): readonly T[] {
  return text === "" ? [] : JSON.parse(`[${text.slice(1)}]`);
}
