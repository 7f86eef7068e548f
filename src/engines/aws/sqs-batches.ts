/** Requests to SQS that may be repeated: batches of ten, and what of them was done in the end. */
import type { BatchResultErrorEntry } from "@aws-sdk/client-sqs";
import type { Clock } from "../../core/clock.ts";
import { troubleOf } from "./trouble.ts";

const BATCH = 10;
const TRIES = 3;
const PAUSE_MS = 100;

type Entry = { readonly Id?: string | undefined };
type Result = { readonly Failed?: BatchResultErrorEntry[] | undefined };

/** Tries it again, unless it was refused: done twice it is as if it were done once. */
export async function tried<T>(clock: Clock, call: () => Promise<T>): Promise<T | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (attempt === TRIES || troubleOf(error) === "refused") return undefined;
    }
    await pause(clock, attempt);
  }
}

/** Answers the ids of what was done. */
export async function inBatches<E extends Entry>(
  entries: readonly E[],
  clock: Clock,
  call: (batch: E[]) => Promise<Result>,
): Promise<ReadonlySet<string>> {
  const batches = Array.from({ length: Math.ceil(entries.length / BATCH) }, (_, index) =>
    entries.slice(index * BATCH, (index + 1) * BATCH),
  );
  const done = await Promise.all(batches.map((batch) => oneBatch(batch, clock, call)));
  return new Set(done.flat());
}

async function oneBatch<E extends Entry>(
  batch: readonly E[],
  clock: Clock,
  call: (batch: E[]) => Promise<Result>,
): Promise<readonly string[]> {
  const done: string[] = [];
  let left = [...batch];
  for (let attempt = 1; left.length > 0; attempt++) {
    const answer = await tried(clock, () => call(left));
    if (answer === undefined) break;
    const failures = new Map(answer.Failed?.map((failure) => [failure.Id, failure]));
    done.push(...left.flatMap(({ Id = "" }) => (failures.has(Id) ? [] : [Id])));
    left = left.filter(({ Id }) => failures.get(Id)?.SenderFault === false);
    if (attempt === TRIES) break;
    if (left.length > 0) await pause(clock, attempt);
  }
  return done;
}

function pause(clock: Clock, attempt: number): Promise<void> {
  return new Promise((resolve) => void clock.after(PAUSE_MS * attempt, resolve));
}
