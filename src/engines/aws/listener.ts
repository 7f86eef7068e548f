/**
 * Hears of messages as they come: one long poll on each queue, and a hand to hold what it brought until it is asked
 * for. It fetches no more while it holds some, so that others may; and none for a queue of which nobody took what it
 * brought, until somebody looks there again: a pause is waited out in the queue.
 */
import type { Clock, Timer } from "../../core/clock.ts";
import { type Message, noticeIn } from "./message.ts";

/** The longest that SQS allows. */
const LONG_POLL_S = 20;
/** Shorter than they are hidden, so that what is handed out is still ours. */
const HOLD_MS = 20_000;
const RETRY_MS = 500;
const RETRY_MOST_MS = 30_000;

export type ListenerHost = {
  readonly clock: Clock;
  readonly onReady: (operation: string) => void;
  poll(url: string, seconds: number, signal: AbortSignal): Promise<readonly Message[]>;
  /** Of an operation that is not listened for, or of none. */
  leave(message: Message): void;
  giveBack(message: Message): Promise<unknown>;
};

type Held = { readonly message: Message; readonly operation: string; readonly until: number };

type Ear = {
  readonly url: string;
  readonly operations: Set<string>;
  held: Held[];
  loop: Promise<void> | undefined;
  polling: boolean;
  expiry: Timer | undefined;
};

export class Listener {
  readonly #host: ListenerHost;
  readonly #ears = new Map<string, Ear>();
  readonly #stop = new AbortController();

  constructor(host: ListenerHost) {
    this.#host = host;
  }

  add(url: string, operation: string): void {
    const ear = this.#ears.get(url);
    if (ear) {
      ear.operations.add(operation);
      return;
    }
    const added = {
      url,
      operations: new Set([operation]),
      held: [],
      loop: undefined,
      polling: false,
      expiry: undefined,
    };
    this.#ears.set(url, added);
    this.#hear(added);
  }

  isPolling(url: string): boolean {
    return this.#ears.get(url)?.polling === true;
  }

  take(url: string, operation: string, most: number): readonly Message[] {
    const ear = this.#ears.get(url);
    if (ear === undefined) return [];
    const now = this.#host.clock.monotonic();
    const mine = ear.held.filter((held) => held.operation === operation && held.until > now).slice(0, most);
    ear.held = ear.held.filter((held) => !mine.includes(held));
    if (ear.held.length === 0) this.#hear(ear);
    return mine.map(({ message }) => message);
  }

  /** Holds what another came upon, if it is of an operation that is listened for. */
  keep(message: Message, operation: string): boolean {
    const ear = this.#ears.get(message.queueUrl);
    if (ear === undefined || !ear.operations.has(operation) || this.#stop.signal.aborted) return false;
    ear.held.push({ message, operation, until: this.#host.clock.monotonic() + HOLD_MS });
    ear.expiry ??= this.#host.clock.after(HOLD_MS, () => this.#expire(ear));
    this.#host.onReady(operation);
    return true;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    const ears = [...this.#ears.values()];
    for (const ear of ears) ear.expiry?.cancel();
    await Promise.all(ears.map((ear) => ear.loop));
    const held = ears.flatMap((ear) => ear.held.splice(0));
    await Promise.all(held.map(({ message }) => this.#host.giveBack(message)));
  }

  #hear(ear: Ear): void {
    if (ear.loop !== undefined || this.#stop.signal.aborted) return;
    ear.loop = this.#pollUntilHeld(ear).finally(() => {
      ear.loop = undefined;
      // Taken already, by whoever was told.
      if (ear.held.length === 0) this.#hear(ear);
    });
  }

  async #pollUntilHeld(ear: Ear): Promise<void> {
    const { signal } = this.#stop;
    for (let failures = 0; ear.held.length === 0 && !signal.aborted; ) {
      try {
        ear.polling = true;
        const messages = await this.#host.poll(ear.url, LONG_POLL_S, signal);
        failures = 0;
        ear.polling = false;
        for (const message of messages) this.#sort(message);
      } catch {
        ear.polling = false;
        const ms = Math.min(RETRY_MS * 2 ** failures++, RETRY_MOST_MS);
        if (!signal.aborted) await this.#pause(ms);
      }
    }
  }

  #sort(message: Message): void {
    const operation = noticeIn(message.body)?.operation;
    if (operation === undefined || !this.keep(message, operation)) this.#host.leave(message);
  }

  #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { signal } = this.#stop;
    const timer = this.#host.clock.after(ms, resolve);
    const stop = () => resolve();
    signal.addEventListener("abort", stop);
    return promise.finally(() => {
      timer.cancel();
      signal.removeEventListener("abort", stop);
    });
  }

  /** What nobody came for is nobody's now: it is delivered again, to whom it may find. */
  #expire(ear: Ear): void {
    const now = this.#host.clock.monotonic();
    ear.held = ear.held.filter(({ until }) => until > now);
    const [next] = ear.held;
    ear.expiry = next && this.#host.clock.after(next.until - now, () => this.#expire(ear));
  }
}
