/** The attempts of a job as lengths of time: how long each waited and ran, and where that lies in the whole. */
import type { Attempt } from "../../wire.ts";

export type TimedAttempt = Attempt & {
  /** Since the attempt before it ended, or since the job was accepted. */
  readonly waitedMs: number;
  readonly tookMs: number;
  /** Its number starts anew: somebody redrove the job before it. */
  readonly isRedriven: boolean;
  /** Of the whole time from the acceptance to the last end, 0–1. */
  readonly from: number;
  readonly to: number;
};

export function timeline(acceptedAt: string, attempts: readonly Attempt[]): readonly TimedAttempt[] {
  const zero = Date.parse(acceptedAt);
  const whole = Math.max(1, ...attempts.map(({ end }) => Date.parse(end) - zero));
  return attempts.map((attempt, index) => {
    const [start, end] = [Date.parse(attempt.start), Date.parse(attempt.end)];
    const before = attempts[index - 1];
    return {
      ...attempt,
      // Two nodes may have two clocks.
      waitedMs: Math.max(0, start - (before ? Date.parse(before.end) : zero)),
      tookMs: Math.max(0, end - start),
      isRedriven: before !== undefined && attempt.number <= before.number,
      from: Math.max(0, start - zero) / whole,
      to: Math.max(0, end - zero) / whole,
    };
  });
}
