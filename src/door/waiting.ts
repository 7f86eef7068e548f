/** Holding an answer back until a job has ended, or the time is up. */
import type { Ref } from "../core/engine.ts";
import { isFinal, type JobRecord } from "../core/job.ts";
import type { Runtime, Store } from "../core/runtime.ts";
import { pushOf } from "./push.ts";

/** Hints may be lost, so the store is asked this often all the same, unless it says how often. */
const LOOK_AGAIN_MS = 2_000;

/** The record when it is final, or as it is when the time is up or the server stops; undefined where there is none. */
export async function untilFinal(
  ref: Ref,
  forMs: number,
  runtime: Runtime,
  store: Store,
): Promise<JobRecord | undefined> {
  const { looks } = pushOf(runtime);
  const { lookAgainMs = LOOK_AGAIN_MS } = store.engine;
  const until = runtime.clock.monotonic() + Math.min(forMs, runtime.timeLeftMs?.() ?? forMs);
  for (;;) {
    const change = nextHint(ref, Math.min(lookAgainMs, until - runtime.clock.monotonic()), runtime);
    const job = await looks.find(ref).catch((error: unknown) => {
      change.forget();
      throw error;
    });
    const over = runtime.drain.begun || runtime.clock.monotonic() >= until;
    if (!job || isFinal(job.status) || over) {
      change.forget();
      return job;
    }
    await change.heard;
  }
}

/** Listens from now on, so that nothing between the look and the wait is missed. */
function nextHint({ id }: Ref, ms: number, { notifier, clock, drain }: Runtime) {
  const { promise: heard, resolve } = Promise.withResolvers<void>();
  const leave = notifier.subscribe("receipt", id, () => forget());
  const stay = drain.onBegin(() => forget());
  const timer = clock.after(Math.max(0, ms), () => forget());
  const forget = () => {
    leave();
    stay();
    timer.cancel();
    resolve();
  };
  return { heard, forget };
}
