/** Messages that were received and not used yet: of jobs that are ready, beyond what a claim asked for. */
import type { Clock } from "../../core/clock.ts";
import type { Message } from "./message.ts";
import { HELD_S, type Queues } from "./queues.ts";

/** Well before SQS delivers them to somebody else. */
const KEPT_MS = (HELD_S * 1_000) / 2;

type Kept = { readonly message: Message; readonly at: number };

export class Leftovers {
  readonly #queues: Queues;
  readonly #clock: Clock;
  readonly #kept = new Map<string, readonly Kept[]>();
  readonly #receivedAt = new WeakMap<Message, number>();

  constructor(queues: Queues, clock: Clock) {
    this.#queues = queues;
    this.#clock = clock;
  }

  /** What is left over first; then, if there is not enough, what SQS has. */
  async receive(operation: string, most: number): Promise<readonly Message[]> {
    const now = this.#clock.monotonic();
    const kept = (this.#kept.get(operation) ?? []).filter(({ at }) => now - at < KEPT_MS);
    this.#kept.set(operation, kept.slice(most));
    const again = kept.slice(0, most).map(({ message }) => message);
    if (again.length === most) return again;
    const received = await this.#queues.receive(operation, most - again.length);
    for (const message of received) this.#receivedAt.set(message, now);
    return [...again, ...received];
  }

  keep(operation: string, messages: readonly Message[]): void {
    const kept = messages.map((message) => ({ message, at: this.#receivedAt.get(message) ?? 0 }));
    this.#kept.set(operation, [...kept, ...(this.#kept.get(operation) ?? [])]);
  }

  /** Others shall not have to wait for them. */
  async close(): Promise<void> {
    const all = [...this.#kept.values()].flat().map(({ message }) => message);
    this.#kept.clear();
    await Promise.all(all.map((message) => this.#queues.hide(message, 0)));
  }
}
