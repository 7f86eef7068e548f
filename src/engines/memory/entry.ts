/** A job as the store holds it. An entry is never altered, only replaced, so that an index can tell a stale one. */
import type { NewCall } from "../../core/engine.ts";
import type { Attempt, CallDetails, EffectNote, Job, JobRecord, JsonText } from "../../core/job.ts";

export type Entry = {
  readonly job: Job;
  readonly sequence: number;
  readonly input: JsonText;
  readonly inputVersion: number;
  readonly details: CallDetails;
  readonly attempts: readonly Attempt[];
  readonly effects: readonly EffectNote[];
};

export function newEntry(call: NewCall, job: Job): Entry {
  const { sequence, input, inputVersion, details } = call;
  return { job, sequence, input, inputVersion, details, attempts: [], effects: [] };
}

export function recordOf({ job, input, inputVersion, details, attempts, effects }: Entry): JobRecord {
  return { ...job, input, inputVersion, details, attempts, effects };
}
