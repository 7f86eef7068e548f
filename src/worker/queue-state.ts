/** What the worker believes of one operation's queue. Only hints and past answers; the store knows better. */

export class QueueState {
  readonly operation: string;
  /** Jobs heard of since the last claim left: had it asked for more, it would have found all that came before. */
  #heard = 0;
  /** Jobs that are known, or thought, to be left by the claims before. */
  #left = 0;

  constructor(operation: string) {
    this.operation = operation;
  }

  /** Jobs that a claim might find. */
  get expected(): number {
    return this.#heard + this.#left;
  }

  /** One more was queued. */
  hear(): void {
    this.#heard++;
  }

  /** The store says that some are due. */
  suspect(): void {
    if (this.expected === 0) this.#left = 1;
  }

  /** A claim for so many leaves; the next one may leave before its answer. */
  ask(most: number): void {
    this.#left = Math.max(0, this.expected - most);
    this.#heard = 0;
  }

  /**
   * A claim got so many, and left some or none. How many is not told, so twice as many are tried next: asking for
   * far more would keep slots from calls at once for nothing.
   */
  learn(got: number, leftSome: boolean): void {
    this.#left = leftSome ? Math.max(this.#left, 2 * got, 1) : 0;
  }
}
