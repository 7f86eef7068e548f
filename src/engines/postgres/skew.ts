/**
 * How far the database's clock is ahead of this process's. An answer says what time it was there at some moment
 * between asking and hearing, so each bounds the difference; what is believed stays within those bounds.
 */
import type { Clock, Timer } from "../../core/clock.ts";
import type { Connections } from "./connection.ts";

const ASKED_AT_START = 3;
const AGAIN_MS = 2_000;
/** Of a difference within the bounds, which is mostly the network's, so much is followed each time. */
const FOLLOWED = 0.1;

const TIME = { text: "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::float8" };

export class Skew {
  readonly #connections: Connections;
  readonly #clock: Clock;
  #ms: number | undefined;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(connections: Connections, clock: Clock) {
    this.#connections = connections;
    this.#clock = clock;
  }

  get ms(): number {
    return this.#ms ?? 0;
  }

  async start(): Promise<void> {
    for (let asked = 0; asked < ASKED_AT_START; asked++) await this.#ask();
    this.#again();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #again(): void {
    if (this.#isClosed) return;
    this.#timer = this.#clock.after(AGAIN_MS, () => {
      // Without an answer the two clocks go on as they did.
      const asked = this.#ask().catch(() => {});
      void asked.then(() => this.#again());
    });
  }

  async #ask(): Promise<void> {
    const askedAt = this.#clock.monotonic();
    const [row] = await this.#connections.read<readonly [number]>(TIME);
    if (!row) return;
    const tookMs = this.#clock.monotonic() - askedAt;
    this.#ms = believed(this.#ms, row[0] + tookMs / 2 - this.#clock.now(), tookMs / 2);
  }
}

/** @param seen the difference as this answer has it, give or take `orMs` and the millisecond that clocks count by. */
export function believed(before: number | undefined, seen: number, orMs: number): number {
  if (before === undefined) return seen;
  const near = before + (seen - before) * FOLLOWED;
  return Math.min(Math.max(near, seen - orMs - 1), seen + orMs + 1);
}
