/**
 * A few connections of one purpose: made when they are needed, made again when they broke. While the database is away
 * it is tried with growing pauses, by all together, and whoever needs a connection is told after a short patience.
 */
import { described, failureOf, NotConnected } from "./failures.ts";
import { Line, type Naming, SILENCE_MS } from "./line.ts";
import type { Address } from "./options.ts";
import { monotonic, pause } from "./pauses.ts";

const PATIENCE_MS = 1_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;

/** How the database was last found; shared by all lines of an engine. */
export class Reach {
  readonly naming: Naming = { named: true };
  readonly #address: Address;
  #pauseMs = 0;
  #triedAt = 0;
  #trouble: unknown;

  constructor(address: Address) {
    this.#address = address;
  }

  /** Tries for so long, at least once. `silenceMs`: what is asked on it may take so long. */
  async connect(patienceMs: number, silenceMs = SILENCE_MS): Promise<Line> {
    const begunAt = monotonic();
    for (;;) {
      const left = begunAt + patienceMs - monotonic();
      const wait = this.#triedAt + this.#pauseMs - monotonic();
      if (wait > Math.max(0, left)) {
        await pause(Math.max(0, left));
        throw this.#trouble;
      }
      if (wait > 0) await pause(wait);
      try {
        const line = await Line.open(this.#address, this.naming, undefined, silenceMs);
        this.#pauseMs = 0;
        return line;
      } catch (error) {
        this.#trouble = error;
        this.#triedAt = monotonic();
        this.#pauseMs = Math.min(Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2), LONGEST_PAUSE_MS);
        // A wrong password is no better a second later.
        if (failureOf(error) === "refused") throw error;
      }
    }
  }
}

export class Lines {
  readonly silenceMs: number;
  readonly #reach: Reach;
  readonly #most: number;
  readonly #lines = new Set<Line>();
  readonly #idle: Line[] = [];
  readonly #waiting: ((line: Line | undefined) => void)[] = [];
  /** A connection that is being made for all who share. */
  #joined: Promise<Line> | undefined;
  #opening = 0;
  #isClosed = false;

  constructor(reach: Reach, most: number, silenceMs = SILENCE_MS) {
    this.#reach = reach;
    this.#most = most;
    this.silenceMs = silenceMs;
  }

  /** For one who sends nothing that others would have to wait for. */
  async shared(): Promise<Line> {
    let least: Line | undefined;
    for (const line of this.#lines) if (!least || line.pending < least.pending) least = line;
    if (least && (least.pending === 0 || this.#lines.size === this.#most)) return least;
    this.#joined ??= this.#open().finally(() => {
      this.#joined = undefined;
    });
    if (!least) return this.#joined;
    this.#joined.catch(() => {});
    return least;
  }

  /** For one alone, until it is given back. */
  async take(): Promise<Line> {
    for (let line = this.#idle.pop(); line; line = this.#idle.pop()) if (!line.isBroken) return line;
    if (this.#lines.size + this.#opening < this.#most) return this.#open();
    const line = await new Promise<Line | undefined>((resolve) => this.#waiting.push(resolve));
    return line ?? this.take();
  }

  giveBack(line: Line): void {
    const next = this.#waiting.shift();
    if (line.isBroken) next?.(undefined);
    else if (next) next(line);
    else this.#idle.push(line);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#lines].map((line) => line.close()));
  }

  async #open(): Promise<Line> {
    if (this.#isClosed) throw new NotConnected("The engine is closed.");
    this.#opening++;
    try {
      const line = await this.#reach.connect(PATIENCE_MS, this.silenceMs);
      if (this.#isClosed) {
        await line.close();
        throw new NotConnected("The engine is closed.");
      }
      this.#lines.add(line);
      line.onBroken(() => void this.#lines.delete(line));
      return line;
    } catch (error) {
      this.#waiting.shift()?.(undefined);
      throw error instanceof Error ? error : new NotConnected(described(error));
    } finally {
      this.#opening--;
    }
  }
}
