// How long replies took, in steps of 10 µs up to 10 s: as many counts as steps, however many replies.

const STEP_MS = 0.01;
const STEPS = 1_000_000;

export class Histogram {
  readonly #counts = new Uint32Array(STEPS);
  count = 0;

  add(tookMs: number): void {
    const step = Math.max(0, Math.min(STEPS - 1, Math.floor(tookMs / STEP_MS)));
    this.#counts[step] = (this.#counts[step] ?? 0) + 1;
    this.count++;
  }

  percentile(share: number): number {
    let left = this.count * share;
    for (let step = 0; step < STEPS; step++) {
      left -= this.#counts[step] ?? 0;
      if (left <= 0) return step * STEP_MS;
    }
    return STEPS * STEP_MS;
  }

  clear(): void {
    this.#counts.fill(0);
    this.count = 0;
  }
}
