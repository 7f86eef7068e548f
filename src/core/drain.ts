/** Whether this process is on its way out: begun once, never taken back. */

export class Drain {
  readonly #listeners = new Set<() => void>();
  #begun = false;

  get begun(): boolean {
    return this.#begun;
  }

  begin(): void {
    this.#begun = true;
    for (const heard of [...this.#listeners]) heard();
  }

  /** Returns the way out. */
  onBegin(heard: () => void): () => void {
    this.#listeners.add(heard);
    return () => this.#listeners.delete(heard);
  }
}
