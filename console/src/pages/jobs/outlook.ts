/** What has become of a job, and what comes next, in a sentence. */
import { duration, moment } from "../../format.ts";
import type { ListedJob, OperationEntry, Receipt, ResourceEntry } from "../../wire.ts";

/** What of the live figures bears on a job that waits. */
export type Surroundings = {
  readonly now: number;
  readonly operation?: OperationEntry | undefined;
  readonly resources: readonly ResourceEntry[];
};

const TOLD =
  " Its handler was told to stop: if it succeeds all the same, the job has succeeded; otherwise it is cancelled and not tried again.";

export function outlook(
  job: Receipt & Partial<Pick<ListedJob, "cancelRequested">>,
  around: Surroundings,
): string {
  const took = duration(Date.parse(job.updatedAt) - Date.parse(job.acceptedAt));
  switch (job.status) {
    case "queued":
      return waits(job, around);
    case "running":
      return `Attempt ${job.attempt} of ${job.maxAttempts} is running.${job.cancelRequested ? TOLD : ""}`;
    case "succeeded":
      return `Succeeded at attempt ${job.attempt}, ${took} after it was accepted.`;
    case "failed":
      return `Failed for good at attempt ${job.attempt} of ${job.maxAttempts}, ${took} after it was accepted. It stays here until it is redriven or purged, or its time is up.`;
    case "cancelled":
      return `Cancelled ${took} after it was accepted. It will not run again.`;
  }
}

function waits({ attempt, maxAttempts, availableAt }: Receipt, around: Surroundings): string {
  const next = `Attempt ${attempt + 1} of ${maxAttempts}`;
  const dueInMs = Date.parse(availableAt) - around.now;
  const due = dueInMs > 0 ? ` No sooner than ${moment(availableAt)}, in ${duration(dueInMs)}.` : "";
  const stop = stopOf(around);
  if (stop) return `${next} waits: ${stop}.${due}`;
  return due
    ? `${next} comes in ${duration(dueInMs)}, at ${moment(availableAt)}.`
    : `${next} waits for a free slot.`;
}

function stopOf({ operation, resources }: Surroundings): string | undefined {
  if (operation?.unserved) return "no operation of this name is registered here";
  if (operation?.paused) return "the operation is paused";
  const paused = resources.find((one) => one.paused && operation && one.operations.includes(operation.name));
  return paused && `the resource ${paused.name} is paused`;
}
