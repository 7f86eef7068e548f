/**
 * Hints that something changed: a receipt, a principal's jobs, a queue. They may be lost, repeated or come out of
 * order; whoever hears one asks the store, so nothing is ever wrong for want of one, only later.
 */
import { ANONYMOUS, type Job } from "./job.ts";

/**
 * What a hint is about, by the receipt's id, the principal, or the operation. `control`: what all processes should
 * look at, `cancels` of running jobs and `settings` of operators; or one of them, its `limits` (see `limitsOf`).
 */
export type Topic = "receipt" | "principal" | "queue" | "control";

/** What a node hears when others want of its limits, or left it some. */
export function limitsOf(node: string): string {
  return `limits ${node}`;
}

export interface Notifier {
  /** `dueAt`: of a queue, when the job that was queued may be claimed; now, if it is not said. */
  publish(topic: Topic, name: string, dueAt?: number): void;
  /** Returns the way out. */
  subscribe(topic: Topic, name: string, heard: Heard): () => void;
}

export type Heard = (dueAt: number) => void;

/** Replaced, never changed, so that whoever is being told may come and go: most names have one listener, or none. */
type Listeners = Map<string, readonly Heard[]>;

/** Within one process. */
export class LocalNotifier implements Notifier {
  readonly #topics: Readonly<Record<Topic, Listeners>> = {
    receipt: new Map(),
    principal: new Map(),
    queue: new Map(),
    control: new Map(),
  };

  publish(topic: Topic, name: string, dueAt = 0): void {
    const names = this.#topics[topic];
    // To look up a name costs its hash, and mostly nobody listens to receipts.
    if (names.size === 0) return;
    const listeners = names.get(name);
    if (listeners) for (const heard of listeners) heard(dueAt);
  }

  subscribe(topic: Topic, name: string, heard: Heard): () => void {
    const names = this.#topics[topic];
    names.set(name, [...(names.get(name) ?? []), heard]);
    return () => {
      const left = names.get(name)?.filter((one) => one !== heard) ?? [];
      if (left.length > 0) names.set(name, left);
      else names.delete(name);
    };
  }
}

/** A job's record has changed. `queue`: whether those who claim should hear of it too, if it is queued. */
export function announce(notifier: Notifier, job: Job, queue = true): void {
  if (!job.listed) return;
  notifier.publish("receipt", job.id);
  if (job.principal !== ANONYMOUS) notifier.publish("principal", job.principal);
  if (queue && job.status === "queued") notifier.publish("queue", job.operation, job.availableAt);
}
