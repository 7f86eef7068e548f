/**
 * The notifier of a function. Nobody else tells this process of changes, so whoever listens for one is hinted again
 * and again, and looks; and what changed here is collected, for those who watch it through sockets.
 */
import type { Clock } from "../core/clock.ts";
import { ADMIN, type Engine } from "../core/engine.ts";
import type { JobId, Principal } from "../core/job.ts";
import { announce, type Heard, LocalNotifier, type Notifier, type Topic } from "../core/notifier.ts";

export type Changed = { readonly receipts: readonly JobId[]; readonly principals: readonly Principal[] };

/** A look costs a read; half of what a caller waits for after a job's end is this. */
const FIRST_LOOK_MS = 250;
const LONGEST_LOOK_MS = 1_000;

export class Notices implements Notifier {
  readonly #local = new LocalNotifier();
  readonly #clock: Clock;
  readonly #receipts = new Set<JobId>();
  readonly #principals = new Set<Principal>();
  /** Called after each change. */
  onChange: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  publish(topic: Topic, name: string, dueAt?: number): void {
    this.#local.publish(topic, name, dueAt);
    if (topic !== "receipt" && topic !== "principal") return;
    (topic === "receipt" ? this.#receipts : this.#principals).add(name);
    this.onChange();
  }

  subscribe(topic: Topic, name: string, heard: Heard): () => void {
    const leave = this.#local.subscribe(topic, name, heard);
    let timer = this.#clock.after(FIRST_LOOK_MS, () => look(FIRST_LOOK_MS));
    const look = (lastMs: number) => {
      const ms = Math.min(LONGEST_LOOK_MS, lastMs * 2);
      timer = this.#clock.after(ms, () => look(ms));
      heard(0);
    };
    return () => {
      timer.cancel();
      leave();
    };
  }

  /** What changed since it was last taken. */
  take(): Changed {
    const changed = { receipts: [...this.#receipts], principals: [...this.#principals] };
    this.#receipts.clear();
    this.#principals.clear();
    return changed;
  }
}

/** Of jobs that ended earlier, or elsewhere: whose they are, only the store can tell. */
export async function announceById(ids: readonly JobId[], engine: Engine, notices: Notices): Promise<void> {
  if (ids.length === 0) return;
  const jobs = await engine.find(ids.map((id) => ({ id, principal: ADMIN })));
  for (const job of jobs) if (job) announce(notices, job, false);
}
