/** SQS's batches of ten, positionally: what of them was done, after what failed for no fault of ours was tried again. */
import type { BatchResultErrorEntry } from "@aws-sdk/client-sqs";
import type { Clock } from "../../core/clock.ts";

const BATCH = 10;
const TRIES = 3;
const PAUSE_MS = 100;

type Entry = { readonly Id?: string | undefined };
type Result = { readonly Failed?: BatchResultErrorEntry[] | undefined };

/** @param call sends one batch; the client has tried it again by itself before it fails as a whole */
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
    const failed = await call(left).then(
      ({ Failed }) => Failed ?? [],
      () => undefined,
    );
    if (failed === undefined) break;
    const failures = new Map(failed.map((failure) => [failure.Id, failure]));
    done.push(...left.flatMap(({ Id = "" }) => (failures.has(Id) ? [] : [Id])));
    left = left.filter(({ Id }) => failures.get(Id)?.SenderFault === false);
    if (attempt === TRIES) break;
    if (left.length > 0) await new Promise<void>((resolve) => clock.after(PAUSE_MS * attempt, resolve));
  }
  return done;
}
