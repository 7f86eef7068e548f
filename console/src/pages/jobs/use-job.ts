/** A job as it goes on: told of each change where the server lets us listen to its receipt, else asked again. */
import { useEffect } from "preact/hooks";
import { type Answered, useAnswer } from "../../parts/answer.ts";
import type { Job, Status } from "../../wire.ts";

/** Also of a final one: it may be redriven from elsewhere. */
const POLL_MS = 2_000;
/** A handler may tell its progress faster than anybody reads. */
const GATHER_MS = 150;

export function useJob(id: string): Answered<Job> {
  const answer = useAnswer<Job>(`/admin/jobs/${encodeURIComponent(id)}`, undefined, POLL_MS);
  const { value, again } = answer;
  const mayListen = value?.principal === "" && !isFinal(value.status);

  useEffect(() => {
    // The receipt of a principal is for that principal alone; there is none where everyone is anonymous.
    if (!mayListen) return undefined;
    let gathering: ReturnType<typeof setTimeout> | undefined;
    const changed = (): void => {
      gathering ??= setTimeout(() => {
        gathering = undefined;
        again();
      }, GATHER_MS);
    };
    const source = new EventSource(`/receipts/${encodeURIComponent(id)}/events`);
    source.addEventListener("status", changed);
    source.addEventListener("progress", changed);
    return () => {
      clearTimeout(gathering);
      source.close();
    };
  }, [id, mayListen, again]);

  return answer;
}

export function isFinal(status: Status): boolean {
  return status !== "queued" && status !== "running";
}
