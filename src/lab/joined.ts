/**
 * What the load generator and the server saw of one lane, put together call by call; and whether they agree. They must,
 * to the unit: what does not is a fault of the lab or of Spillway, and no figure of such a run is worth anything.
 */
import { LabFailure } from "./errors.ts";
import type { LaneRun } from "./lane-run.ts";
import { OUTCOMES } from "./messages.ts";

/** Milliseconds from the start of the lane; each array in the order of arrivals. */
export type Joined = {
  readonly due: Float64Array;
  /** When the client knew what became of the call. */
  readonly repliedAt: Float64Array;
  /** Places in OUTCOMES. */
  readonly outcomes: Uint8Array;
  /** When its work was done: that of the reply, or of the job; NaN where it was not. */
  readonly doneAt: Float64Array;
  /** The last reply, or the last end of a job, however it ended. */
  readonly lastAt: number;
};

const [ANSWERED, RECEIPT] = [OUTCOMES.indexOf("answered"), OUTCOMES.indexOf("receipt")];

export function joined({ arrivals, loaded, served }: LaneRun): Joined {
  const ends = new Map(served.endedIds.map((id, place) => [id, place]));
  const doneAt = new Float64Array(arrivals.length).fill(Number.NaN);
  for (let call = 0; call < arrivals.length; call++) {
    if (loaded.outcomes[call] === ANSWERED) doneAt[call] = loaded.endedAt[call] as number;
    if (loaded.outcomes[call] !== RECEIPT) continue;
    const end = ends.get(loaded.receipts[call] as string);
    if (end !== undefined && served.endedAs[end] === "succeeded")
      doneAt[call] = (served.endedAt[end] as number) - loaded.startedAt;
  }
  const lastAt = Math.max(0, highest(loaded.endedAt), highest(served.endedAt) - loaded.startedAt);
  return { due: arrivals, repliedAt: loaded.endedAt, outcomes: loaded.outcomes, doneAt, lastAt };
}

/** Not by `Math.max(...)`, which takes no more than some hundred thousand. */
export function highest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
}

/** @throws with both numbers of whatever does not agree */
export function assertAgreement({ lane, arrivals, loaded, served }: LaneRun): void {
  const { offered, answered, receipt, refused, failed } = loaded.counts;
  const { jobs, endedAs, strangers } = served;
  const ended = (status: string) => endedAs.filter((one) => one === status).length;
  // A call whose reply was lost may have been accepted all the same.
  const unheard = loaded.byCode["no-reply"] ?? 0;
  const receipts = new Set(loaded.receipts.filter((id) => id !== ""));
  const pairs: readonly (readonly [
    what: string,
    one: number,
    other: string,
    another: number,
    slack?: number,
  ])[] = [
    ["calls that were due", arrivals.length, "calls that were sent", offered],
    ["calls that were sent", offered, "calls that ended", answered + receipt + refused + failed],
    ["receipts", receipt, "different receipts", receipts.size],
    ["jobs in the store", jobs.accepted, "receipts at the client", receipt, unheard],
    ["succeeded jobs in the store", jobs.succeeded, "successes that were committed", ended("succeeded")],
    ["failed jobs in the store", jobs.failed, "failures that were committed", ended("failed")],
    ["rows and jobs in the store that nobody was told of", strangers, "those that there may be", 0],
  ];
  for (const [what, one, other, another, slack = 0] of pairs) {
    if (one >= another && one <= another + slack) continue;
    throw new LabFailure(
      `The ${lane} lane does not add up: ${one} ${what}, ${another} ${other}. Its figures are worth nothing; please report this.`,
    );
  }
}
