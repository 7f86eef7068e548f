/** What the worker believes of one operation's queue. Only hints and past answers; the store knows better. */

export class QueueState {
  readonly operation: string;
  /** Jobs heard of since the last claim left: it finds all that were queued before. */
  #heard = 0;
  /** Jobs that are known, or thought, to have been left by the last claim. */
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

  /** A claim leaves. */
  ask(): void {
    this.#heard = 0;
    this.#left = 0;
  }

  /**
   * A claim got so many, and left some or none. How many is not told, so twice as many are tried next: asking for
   * far more would keep slots from calls at once for nothing.
   */
  learn(got: number, leftSome: boolean): void {
    if (leftSome) this.#left = Math.max(this.#left, 2 * got, 1);
  }
}
