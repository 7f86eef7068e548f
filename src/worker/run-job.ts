/** One claimed job, from its stored input to its settlement. */
import { NOTHING } from "../core/effects.ts";
import type { Claim } from "../core/engine.ts";
import { type Problem, problem } from "../core/errors.ts";
import type { Slot } from "../core/gate.ts";
import { parseJson } from "../core/json-build.ts";
import type { Operation } from "../core/operation.ts";
import { perform } from "../core/perform.ts";
import type { Runtime, Store } from "../core/runtime.ts";
import { validate } from "../core/schema.ts";

/** When an earlier run of a job is not over, it is looked at again after this long. */
const HAUNTED_MS = 1_000;

export async function runJob(claim: Claim, slot: Slot, runtime: Runtime, store: Store): Promise<void> {
  const { job, lease } = claim;
  const operation = runtime.operations.get(job.operation) as Operation;
  if (runtime.live.isHaunted(job.id)) return giveBack(claim, slot, store, HAUNTED_MS);
  const input = await inputOf(operation, claim.input, claim.inputVersion);
  if (!input.ok) return fail(claim, slot, input.error, runtime, store);
  const { retry } = operation.spec;
  await perform(
    {
      operation,
      id: job.id,
      principal: job.principal,
      input: input.value,
      slot,
      lease,
      durable: true,
      record: () => ({}),
      circumstances: {
        running: "job",
        keyed: job.fingerprint !== undefined,
        attempt: job.attempt,
        maxAttempts: job.maxAttempts,
        throttles: job.throttles,
        policy: retry,
      },
    },
    runtime,
  );
}

/** Unrun, so that it costs no attempt. */
export async function giveBack(
  { lease }: Claim,
  slot: Slot,
  { committer }: Store,
  delayMs = 0,
): Promise<void> {
  slot.giveBack();
  const verdict = { kind: "released", delayMs } as const;
  await committer.submit({ kind: "settle", settlement: { lease, verdict, ...NOTHING } });
}

async function fail(
  { job, lease }: Claim,
  slot: Slot,
  error: Problem,
  { clock, node }: Runtime,
  { committer }: Store,
) {
  slot.giveBack();
  const now = clock.now();
  const attempt = { number: job.attempt, startedAt: now, endedAt: now, node, error: { code: error.code } };
  const verdict = { kind: "failed", error } as const;
  await committer.submit({ kind: "settle", settlement: { lease, verdict, attempt, ...NOTHING } });
}

type Input = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: Problem };

/** Stored as it was sent, so checked again: the operation may have changed since. */
async function inputOf({ spec }: Operation, text: string, version: number): Promise<Input> {
  try {
    let input = parseJson(text);
    if (version !== spec.version && spec.upgrade) input = spec.upgrade(input, version);
    const result = await validate(spec.input, input);
    if (result.ok) return result;
    return {
      ok: false,
      error: problem("invalid-input", "It was valid when it was accepted.", { errors: result.faults }),
    };
  } catch {
    return {
      ok: false,
      error: problem("invalid-input", `It could not be upgraded from version ${version}.`),
    };
  }
}
