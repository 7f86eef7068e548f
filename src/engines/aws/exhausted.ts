/** Jobs whose last message was delivered in vain too often: they end as failed, so that no receipt waits for ever. */
import { problem } from "../../core/errors.ts";
import { isFinal, type Job } from "../../core/job.ts";
import * as transition from "../../core/transition.ts";
import { follow, type Step } from "./jobs.ts";
import { type Message, noticeIn } from "./message.ts";
import type { Row } from "./rows.ts";
import type { Store } from "./store.ts";
import { inTurns } from "./turns.ts";

const DETAIL =
  "Its message was delivered too often without its job coming to an end. See what the functions of its queue say, then redrive it.";

/** Positional: whether its message may be deleted; not where its row could not be asked. */
export function exhausted(store: Store, messages: readonly Message[]): Promise<readonly boolean[]> {
  const first = store.ticks.take(Math.max(1, messages.length));
  return inTurns(messages, async ({ body }, place) => {
    const notice = noticeIn(body);
    // None of ours, so that there is nothing to end; it is kept for whoever looks.
    if (!notice) return false;
    return follow(
      store,
      notice.id,
      first + place,
      (job, row, now) => ending(store, job, row, now),
      () => ({}),
    ).catch(() => false);
  });
}

function ending(store: Store, job: Job | undefined, row: Row | undefined, now: number): Step<boolean> {
  if (!job || isFinal(job.status) || row?.wayBack) return { answer: true };
  const isRunning = job.status === "running";
  if (isRunning && (job.leaseUntil ?? 0) > now) return { answer: false };
  const { token: _, ...fenced } = job;
  const error = problem("delivery-exhausted", DETAIL);
  const settlement = { lease: { id: job.id, token: "" }, verdict: { kind: "failed", error } } as const;
  const { next } = transition.settle(fenced, settlement, store.retention, now);
  if (!next) return { answer: true };
  return { answer: true, next, ...(isRunning && { attempt: transition.lostAttempt(job, now) }) };
}
