/**
 * A store that is away is missed by everything that asks it. It is said once, with why; again after a minute of it,
 * with why it is by then; and once when it is over, with how long it took.
 */
import type { Clock } from "./clock.ts";
import { SpillwayError } from "./errors.ts";
import type { OnError } from "./runtime.ts";

const AGAIN_MS = 60_000;
/** So long after the last failure it is over: what asks now and then finds the store at different times. */
const CALM_MS = 3_000;

export class Outage {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #tell: OnError;
  readonly #over: (text: string) => void;
  #since: number | undefined;
  #saidAt = Number.NEGATIVE_INFINITY;
  #failedAt = 0;
  #answeredAt: number | undefined;

  constructor(clock: Pick<Clock, "monotonic">, tell: OnError, over: (text: string) => void) {
    this.#clock = clock;
    this.#tell = tell;
    this.#over = over;
  }

  /** What befell a handler is told in any case. */
  readonly onError: OnError = (error, where) => {
    if (where || !isOutage(error)) return this.#tell(error, where);
    const now = this.#clock.monotonic();
    this.#since ??= now;
    this.#failedAt = now;
    this.#answeredAt = undefined;
    if (now - this.#saidAt < AGAIN_MS) return;
    this.#saidAt = now;
    this.#tell(error);
  };

  /** Of whoever has told of a failure before. */
  lasts(error: unknown): void {
    if (isOutage(error)) this.onError(error);
  }

  /** The store has done what it was asked. */
  answered(): void {
    if (this.#since === undefined) return;
    const now = this.#clock.monotonic();
    this.#answeredAt ??= now;
    if (now - this.#failedAt < CALM_MS) return;
    const seconds = Math.ceil((this.#answeredAt - this.#since) / 1_000);
    this.#since = undefined;
    this.#saidAt = Number.NEGATIVE_INFINITY;
    this.#over(`The store answers again, after ${seconds} s.`);
  }
}

function isOutage(error: unknown): boolean {
  return error instanceof SpillwayError && error.code === "storage-unavailable";
}
