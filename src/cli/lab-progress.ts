/** How far the lab is, on the standard error output: one line that is rewritten at a terminal, elsewhere one for each lane. */
import { count, seconds } from "../lab/figures.ts";
import type { LaneProgress, LaneRun } from "../lab/lane-run.ts";

const EVERY_MS = 100;

export class ProgressLine {
  readonly #calls: number;
  readonly #repeats: number;
  readonly #output: NodeJS.WriteStream;
  #shownAt = 0;

  constructor(calls: number, repeats: number, output: NodeJS.WriteStream) {
    this.#calls = calls;
    this.#repeats = repeats;
    this.#output = output;
  }

  show({ lane, repeat, offered, ended, queued }: LaneProgress): void {
    const now = performance.now();
    if (!this.#output.isTTY || now - this.#shownAt < EVERY_MS) return;
    this.#shownAt = now;
    const which = this.#repeats === 1 ? lane : `${lane}, ${repeat} of ${this.#repeats}`;
    const parts = [
      `${count(offered)} of ${count(this.#calls)} calls sent`,
      ...(offered > ended ? [`${count(offered - ended)} not replied to`] : []),
      ...(queued > 0 ? [`${count(queued)} queued`] : []),
    ];
    this.#output.write(`\r\u001b[K${which}: ${parts.join(", ")}`);
  }

  ended({ lane, loaded: { counts }, served }: LaneRun): void {
    if (this.#output.isTTY) this.#output.write("\r\u001b[K");
    const told = [
      `${count(counts.answered)} answered`,
      `${count(counts.receipt)} receipts (${count(served.jobs.succeeded)} succeeded)`,
      `${count(counts.refused)} refused`,
      `${count(counts.failed)} failed`,
    ];
    this.#output.write(`${lane}: ${told.join(", ")}\n`);
  }

  static plan(calls: number, lanes: number, repeats: number, lasts: number): string {
    const times = repeats === 1 ? "" : `, ${repeats} times`;
    return `${count(calls)} calls to each of ${lanes} lanes${times}: ${seconds(lasts * lanes * repeats)} and what the queues take to drain.`;
  }
}
