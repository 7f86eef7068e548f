/**
 * How far the lab is, on the standard error output: one line that is rewritten at a terminal, elsewhere one when a
 * lane starts and one when it has ended.
 */
import { count, seconds } from "../lab/figures.ts";
import type { LaneProgress, LaneRun } from "../lab/lane-run.ts";
import { LANE_TITLES } from "../lab/report.ts";

const EVERY_MS = 100;

export class ProgressLine {
  readonly #calls: number;
  readonly #repeats: number;
  readonly #output: NodeJS.WriteStream;
  #shownAt = 0;
  /** The lane that runs, and in which repeat. */
  #which = "";

  constructor(calls: number, repeats: number, output: NodeJS.WriteStream) {
    this.#calls = calls;
    this.#repeats = repeats;
    this.#output = output;
  }

  show({ lane, repeat, offered, ended, queued }: LaneProgress): void {
    const title = LANE_TITLES[lane];
    const which = this.#repeats === 1 ? title : `${title} (${repeat} of ${this.#repeats})`;
    const begins = which !== this.#which;
    this.#which = which;
    if (!this.#output.isTTY) {
      if (begins) this.#output.write(`${which}: started\n`);
      return;
    }
    const now = performance.now();
    if (!begins && now - this.#shownAt < EVERY_MS) return;
    this.#shownAt = now;
    const parts = [
      `${count(offered)} of ${count(this.#calls)} calls sent`,
      ...(offered > ended ? [`${count(offered - ended)} not replied to`] : []),
      ...(queued > 0 ? [`${count(queued)} queued`] : []),
    ];
    this.#output.write(`\r\u001b[K${which}: ${parts.join(", ")}`);
  }

  ended({ loaded: { counts }, served }: LaneRun): void {
    if (this.#output.isTTY) this.#output.write("\r\u001b[K");
    const told = [
      `${count(counts.answered)} answered`,
      `${count(counts.receipt)} receipts (${count(served.jobs.succeeded)} succeeded)`,
      `${count(counts.refused)} refused`,
      `${count(counts.failed)} failed`,
    ];
    this.#output.write(`${this.#which}: ${told.join(", ")}\n`);
  }

  static plan(calls: number, lanes: number, repeats: number, lasts: number): string {
    const times = repeats === 1 ? "" : `, ${repeats} times`;
    return `${count(calls)} calls to each of ${lanes} lanes${times}: ${seconds(lasts * lanes * repeats)} and what the queues take to drain.`;
  }
}
