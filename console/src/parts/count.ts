/** So many of something, in words: "1 job", "37 jobs". */
import { count } from "../format.ts";

export function jobs(many: number): string {
  return `${count(many)} ${many === 1 ? "job" : "jobs"}`;
}
