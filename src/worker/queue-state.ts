/** What the worker believes of one operation's queue. Only hints and past answers; the store knows better. */

export class QueueState {
  readonly operation: string;
  /** Jobs heard of since the last claim left. */
  #heard = 0;
  /** The last claim got all that it asked for. */
  #full = false;

  constructor(operation: string) {
    this.operation = operation;
  }

  /** Jobs that a claim might find. */
  get expected(): number {
    return this.#full ? Number.POSITIVE_INFINITY : this.#heard;
  }

  /** One more was queued. */
  hear(): void {
    this.#heard++;
  }

  /** Nothing was heard, which proves nothing. */
  suspect(): void {
    if (this.#heard === 0) this.#heard = 1;
  }

  /** A claim for so many leaves. */
  ask(limit: number): void {
    this.#heard = Math.max(0, this.#heard - limit);
  }

  learn(full: boolean): void {
    this.#full = full;
  }
}
