/** What can be made to go wrong, each by a chance of its own from one seed, and how often it did. */

export const FAULTS = {
  duplicates: "a message is delivered twice, at the same time or later",
  reordered: "messages are held back and delivered in another order",
  visibility: "a message becomes visible again while its handler runs",
  "dynamodb-throttles": "DynamoDB refuses a request for its rate",
  "sqs-throttles": "SQS refuses a request for its rate",
  conflicts: "a transaction is cancelled for a conflict",
  "lost-responses": "a store does what it is asked, and its answer never arrives",
  gone: "a socket goes without a word, and what is pushed to it is answered 410",
  kills: "a function's process is killed in the middle of an invocation",
} as const;

export type Fault = keyof typeof FAULTS;
export const faultNames = Object.keys(FAULTS) as readonly Fault[];

/** The share of the occasions on which it happens. */
const SHARES: Readonly<Record<Fault, number>> = {
  duplicates: 0.1,
  reordered: 0.2,
  visibility: 0.05,
  "dynamodb-throttles": 0.01,
  "sqs-throttles": 0.02,
  conflicts: 0.02,
  "lost-responses": 0.005,
  gone: 0.1,
  kills: 0.03,
};

const SURELY_BY = 8;

export class Faults {
  readonly on: ReadonlySet<Fault>;
  readonly happened: Record<string, number> = {};
  #state: number;
  readonly #occasions = new Map<Fault, number>();
  readonly #stopped = new Set<Fault>();

  constructor(on: readonly Fault[], seed: number) {
    this.on = new Set(on);
    this.#state = seed >>> 0;
    for (const name of on) this.happened[name] = 0;
  }

  /** These go wrong no more. */
  stop(...faults: readonly Fault[]): void {
    for (const fault of faults) this.#stopped.add(fault);
  }

  /** Whether it happens now; counted if so. Once at least, and early: a small rehearsal must meet it too. */
  strikes(fault: Fault): boolean {
    if (this.#stopped.has(fault) || !this.on.has(fault)) return false;
    const before = this.happened[fault] ?? 0;
    const occasions = (this.#occasions.get(fault) ?? 0) + 1;
    this.#occasions.set(fault, occasions);
    const isDue = before === 0 && occasions === SURELY_BY;
    if (this.chance() >= SHARES[fault] && !isDue) return false;
    this.happened[fault] = before + 1;
    return true;
  }

  /** 0 ≤ x < 1; mulberry32. */
  chance(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + Math.floor(this.chance() * (most - least + 1));
  }
}
