/**
 * Hints that something changed: a receipt, a principal's jobs, a queue. They may be lost, repeated or come out of
 * order; whoever hears one asks the store, so nothing is ever wrong for want of one, only later.
 */
import { ANONYMOUS, type Job, type JobId, type Principal } from "./job.ts";

export type Topic = `receipt:${JobId}` | `principal:${Principal}` | `queue:${string}`;

export interface Notifier {
  /** `dueAt`: of a queue, when the job that was queued may be claimed; now, if it is not said. */
  publish(topic: Topic, dueAt?: number): void;
  /** Returns the way out. */
  subscribe(topic: Topic, heard: Heard): () => void;
}

export type Heard = (dueAt: number) => void;

/** Within one process. */
export class LocalNotifier implements Notifier {
  readonly #listeners = new Map<Topic, Set<Heard>>();

  publish(topic: Topic, dueAt = 0): void {
    const listeners = this.#listeners.get(topic);
    if (listeners) for (const heard of [...listeners]) heard(dueAt);
  }

  subscribe(topic: Topic, heard: Heard): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(heard));
    return () => {
      listeners.delete(heard);
      if (listeners.size === 0 && this.#listeners.get(topic) === listeners) this.#listeners.delete(topic);
    };
  }

  get topics(): number {
    return this.#listeners.size;
  }
}

/** A job's record has changed. `queue`: whether those who claim should hear of it too, if it is queued. */
export function announce(notifier: Notifier, job: Job, queue = true): void {
  if (!job.listed) return;
  notifier.publish(`receipt:${job.id}`);
  if (job.principal !== ANONYMOUS) notifier.publish(`principal:${job.principal}`);
  if (queue && job.status === "queued") notifier.publish(`queue:${job.operation}`, job.availableAt);
}
