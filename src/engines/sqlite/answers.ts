/** Answers on their way back from the owner thread. */
import type { Answer, AnswerOf, Change, Claim, Retention } from "../../core/engine.ts";
import type { Job } from "../../core/job.ts";
import * as transition from "../../core/transition.ts";
import { CLAIMED_VALUES, type ClaimedValues, type PackedAnswer } from "./messages.ts";
import { freshJob } from "./rows.ts";

export function packAnswers(answers: readonly PackedAnswer[]): readonly PackedAnswer[] {
  const packed: PackedAnswer[] = [];
  for (const answer of answers) {
    const last = packed.at(-1);
    if (typeof answer === "number" && typeof last === "number") packed[packed.length - 1] = last + answer;
    else packed.push(answer);
  }
  return packed;
}

/** What the commit was asked, and when: it decides the same on both sides. */
export type Asked = {
  readonly changes: readonly Change[];
  readonly now: number;
  readonly retention: Retention;
};

export function unpackAnswers(packed: readonly PackedAnswer[], asked: Asked): readonly Answer[] {
  const { changes } = asked;
  const answers: Answer[] = [];
  for (const answer of packed) {
    if (typeof answer === "number") {
      for (const end = answers.length + answer; answers.length < end; )
        answers.push(expected(changes[answers.length] as Change, asked));
    } else if (answer.kind === "claimed") {
      answers.push(unpackClaimed(answer, changes[answers.length] as ClaimChange, asked.now));
    } else answers.push(answer);
  }
  return answers;
}

type ClaimChange = Extract<Change, { kind: "claim" }>;

/** A new call's record, or the outcome of a job that whoever settled it knew. */
function expected(change: Change, { now, retention }: Asked): Answer {
  if (change.kind === "open") return { kind: "opened", job: transition.bornJob(change.call, now) };
  const { settlement } = change as Extract<Change, { kind: "settle" }>;
  return transition.settle(settlement.claimed, settlement, retention, now).answer;
}

function unpackClaimed(
  { values, earlier = [], full, nextAt }: Extract<PackedAnswer, { kind: "claimed" }>,
  { token, leaseMs }: ClaimChange,
  now: number,
): AnswerOf<"claim"> {
  const claims: Claim[] = earlier.map(({ job, input, inputVersion }) => ({
    job,
    input,
    inputVersion,
    lease: { id: job.id, token: job.token as string },
  }));
  for (let place = 0; place < values.length; place += CLAIMED_VALUES) {
    const before = beforeClaim(values, place);
    const job = transition.claim(before, `${token}.${claims.length}`, leaseMs, now);
    const lease = { id: job.id, token: job.token as string };
    claims.push({
      job,
      input: values[place + 7] as string,
      inputVersion: values[place + 6] as number,
      lease,
    });
  }
  return { kind: "claimed", claims, full, ...(nextAt !== undefined && { nextAt }) };
}

function beforeClaim(values: readonly ClaimedValues[number][], place: number): Job {
  return (
    (values[place + 8] as Job | null) ??
    freshJob(
      values[place] as string,
      values[place + 1] as string,
      values[place + 2] as string,
      values[place + 3] as number,
      values[place + 4] as number,
      values[place + 5] as number,
      null,
    )
  );
}
