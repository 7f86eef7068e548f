/** `GET /admin/dead-letters`: what has failed, in groups. The jobs themselves are listed by `jobs.ts`. */
import { timestamp } from "../../core/clock.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { Reply } from "../exchange.ts";
import { pageOf } from "./lists.ts";
import type { Query } from "./query.ts";

export async function deadLettersRoute(query: Query, { store }: Runtime): Promise<Reply> {
  const groups = (await store?.engine.deadLetters()) ?? [];
  const items = groups.map(({ operation, errorCode, count, firstAt, lastAt }) => ({
    operation,
    errorCode,
    count,
    firstSeen: timestamp(firstAt),
    lastSeen: timestamp(lastAt),
  }));
  return pageOf(items, query, ({ operation, errorCode }) => `${operation} ${errorCode}`);
}
