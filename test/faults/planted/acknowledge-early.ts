/** The bug: a queued call is acknowledged when it has been understood, and committed a little later. */
import type { Answer, Change, Engine, EngineSource } from "../../../src/core/engine.ts";
import { bornJob } from "../../../src/core/transition.ts";
import { wrapped } from "./wrap.ts";

const LATER_MS = 30;
/** Not committed any more before the end, lest it depends on which timer of a busy machine is first. */
const LAST = 5;

/** @param dieAt the acknowledgement after which the process ends, once the answer has left and before the commit */
export function acknowledgeEarly(source: EngineSource, dieAt: number): EngineSource {
  return wrapped(source, (engine, { clock }) => {
    let acknowledged = 0;
    const commit = async (changes: readonly Change[]): Promise<readonly Answer[]> => {
      const early = changes.map((change): Answer | undefined => {
        if (change.kind !== "open" || change.call.start !== "queued" || change.call.fingerprint !== undefined)
          return undefined;
        if (++acknowledged === dieAt) clock.after(LATER_MS / 2, () => process.kill(process.pid, "SIGKILL"));
        return { kind: "opened", job: bornJob(change.call, clock.now()) };
      });
      const later = changes.filter((_, place) => early[place]);
      if (later.length > 0 && acknowledged <= dieAt - LAST)
        clock.after(LATER_MS, () => void engine.commit(later));
      const answers = [...(await engine.commit(changes.filter((_, place) => !early[place])))];
      return early.map((answer) => answer ?? (answers.shift() as Answer));
    };
    return { commit } satisfies Partial<Engine>;
  });
}
