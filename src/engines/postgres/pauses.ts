/** Waiting for a network and a database: in real time also where a test turns the hands of the engine's clock. */

export function monotonic(): number {
  return performance.now();
}

/** Keeps the process alive: somebody waits for what comes after it. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}

/** Calls once, when nobody has put it off for so long; keeps no process alive. */
export class Deadline {
  readonly #timer: NodeJS.Timeout;

  constructor(ms: number, passed: () => void) {
    this.#timer = setTimeout(passed, ms).unref();
  }

  putOff(): void {
    this.#timer.refresh();
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }
}
