/** So many at once, the others in the order they came. */
import type { Clock } from "../core/clock.ts";
import type { Slot } from "../core/gate.ts";

type Leave = () => void;

export class Lanes {
  readonly #waiting = new Set<(leave: Leave | undefined) => void>();
  readonly #resting: (() => void)[] = [];
  readonly #most: number;
  readonly #clock: Clock;
  #taken = 0;

  constructor(most: number, clock: Clock) {
    this.#most = most;
    this.#clock = clock;
  }

  /** Resolves to the way to leave it; to nothing where there was none within the time. */
  take(withinMs: number): Promise<Leave | undefined> {
    if (this.#taken >= this.#most) return this.#wait(withinMs);
    this.#taken++;
    return Promise.resolve(this.#leaving());
  }

  /** Resolves when nobody is in any. */
  async empty(): Promise<void> {
    if (this.#taken > 0) await new Promise<void>((resolve) => this.#resting.push(resolve));
  }

  #wait(withinMs: number): Promise<Leave | undefined> {
    return new Promise((resolve) => {
      const heard = (leave: Leave | undefined) => {
        timer.cancel();
        this.#waiting.delete(heard);
        resolve(leave);
      };
      const timer = this.#clock.after(withinMs, () => heard(undefined));
      this.#waiting.add(heard);
    });
  }

  #leaving(): Leave {
    let isTaken = true;
    return () => {
      if (isTaken) this.#left();
      isTaken = false;
    };
  }

  #left(): void {
    const [next] = this.#waiting;
    if (next) return next(this.#leaving());
    if (--this.#taken === 0) for (const rested of this.#resting.splice(0)) rested();
  }
}

/** A slot and a lane, held and given back as one: for as long as a handler is at it, however its attempt ended. */
export class LanedSlot implements Slot {
  readonly kind = "slot";
  readonly #slot: Slot;
  readonly #leave: () => void;

  constructor(slot: Slot, leave: () => void) {
    this.#slot = slot;
    this.#leave = leave;
  }

  release(): void {
    this.#slot.release();
    this.#leave();
  }

  giveBack(): void {
    this.#slot.giveBack();
    this.#leave();
  }
}
