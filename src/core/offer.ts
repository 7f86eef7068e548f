/** Hands an outcome to the store, and again where it must not be lost: a job's handler should not have to run again. */
import type { AnswerOf, Settlement } from "./engine.ts";
import { SpillwayError } from "./errors.ts";
import type { Runtime } from "./runtime.ts";
import { type Work, whereOf } from "./work.ts";

/** Five minutes in all; the lease is extended meanwhile. */
const AGAIN_MS = 500;
const TRIES = 600;

/** `patiently`: again and again while the store has no room for it. */
export function offer(
  settlement: Settlement,
  work: Work,
  patiently: boolean,
  runtime: Runtime,
  answered: (answer: AnswerOf<"settle">) => void,
  tries = 1,
): void {
  const { store, clock, drain, onError } = runtime;
  if (!store) throw new RangeError("A settlement without an engine: the app was not checked at its start.");
  store.committer.put({ kind: "settle", settlement }, (answer) => {
    if (answer.kind !== "refused") return answered(answer);
    if (tries === 1)
      onError(new SpillwayError(answer.code, `Its outcome was not stored: ${answer.detail}`), whereOf(work));
    if (!patiently || tries >= TRIES || drain.begun) return answered(answer);
    clock.after(AGAIN_MS, () => offer(settlement, work, patiently, runtime, answered, tries + 1));
  });
}
