/**
 * How many calls begin in one turn of the event loop. Node.js hands over all that its sockets have, a thousand calls
 * with as many connections, before it looks at anything else: then whoever holds a slot waits for all of them in each
 * of its steps, and in a storm of refused calls hardly any other is answered. So a turn begins some, and leaves the
 * rest to the next ones, in the order in which they came.
 */
import type { Body } from "../door/exchange.ts";

/**
 * Of 800 connections that were refused without end, beside 10 slots of 20 ms: 64 a turn let nine times as many keyed
 * calls be answered as no limit did, and 1.6 times as many plain ones. With 16 it was up to a third more, but then
 * each look at the sockets is shared by fewer.
 */
export const CALLS_A_TURN = 64;

type Taken = (body: Body) => void;

export class Turns {
  #begun = 0;
  #waiting: (readonly [taken: Taken, body: Body])[] = [];

  begin(taken: Taken, body: Body): void {
    if (this.#begun === CALLS_A_TURN) return void this.#waiting.push([taken, body]);
    if (this.#begun++ === 0) setImmediate(this.#next);
    taken(body);
  }

  readonly #next = (): void => {
    const waiting = this.#waiting.splice(0, CALLS_A_TURN);
    this.#begun = waiting.length;
    if (waiting.length > 0) setImmediate(this.#next);
    for (const [taken, body] of waiting) taken(body);
    // Whoever comes now comes after those that wait.
    if (this.#waiting.length > 0) this.#begun = CALLS_A_TURN;
  };
}
