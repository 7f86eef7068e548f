/**
 * Has `live` vacuumed as soon as enough of it is dead. The server's own vacuum looks at a table once a minute as it is
 * set by default, and at full speed that leaves millions of dead rows for claims to read past.
 */
import type { Lines } from "./lines.ts";
import { monotonic } from "./pauses.ts";

/** Dead rows of which nobody takes notice. */
const MOST_DEAD = 10_000;
/** Of a node's time at most a tenth goes to this; looking is cheap. */
const SHARE = 10;
const LOOK_MS = 1_000;

export class Vacuum {
  readonly #lines: Lines;
  readonly #live: string;
  #isBusy = false;
  #nextAt = 0;
  /** What the last one could not take, as somebody's old snapshot may see it still. */
  #held = 0;

  constructor(lines: Lines, schema: string) {
    this.#lines = lines;
    this.#live = `${schema}.live`;
  }

  /** Nobody waits for it, and what fails is left to the server's own. */
  consider(): void {
    if (this.#isBusy || monotonic() < this.#nextAt) return;
    this.#isBusy = true;
    const begunAt = monotonic();
    this.#run()
      .catch(() => {})
      .finally(() => {
        this.#isBusy = false;
        const now = monotonic();
        this.#nextAt = now + Math.max(LOOK_MS, (now - begunAt) * SHARE);
      });
  }

  async #run(): Promise<void> {
    const dead = await this.#dead();
    this.#held = Math.min(this.#held, dead);
    if (dead < MOST_DEAD + 2 * this.#held) return;
    // Whoever else is at it does it for all. It may be no part of a transaction, so it is sent alone.
    await this.#send(`VACUUM (SKIP_LOCKED) ${this.#live}`);
    this.#held = await this.#dead();
  }

  async #dead(): Promise<number> {
    const rows = await this.#send<readonly [number]>(
      `SELECT pg_stat_get_dead_tuples('${this.#live.replaceAll("'", "''")}'::regclass)`,
    );
    return rows[0]?.[0] ?? 0;
  }

  async #send<R>(text: string): Promise<readonly R[]> {
    const line = await this.#lines.take();
    try {
      return (await line.send<R>({ text })).rows;
    } finally {
      this.#lines.giveBack(line);
    }
  }
}
