/** Makes this process one of the nodes that keep their limits together, where the store is for many. */
import type { Timer } from "../core/clock.ts";
import type { Engine } from "../core/engine.ts";
import { Grants } from "../core/grants.ts";
import { meanRunMs, readReport, reportOf } from "../core/node-report.ts";
import type { Runtime } from "../core/runtime.ts";
import { Streak } from "../core/streak.ts";

/** A node asks for slots more often than its report is worth making. */
const REPORT_MS = 1_000;
const LEARN_MS = 5_000;

export class Sharing {
  readonly grants: Grants;
  readonly #runtime: Runtime;
  readonly #engine: Engine;
  readonly #failures: Streak;
  #timer: Timer | undefined;
  #isOver = false;

  constructor(runtime: Runtime, engine: Engine, share: NonNullable<Engine["share"]>) {
    this.#runtime = runtime;
    this.#engine = engine;
    this.#failures = new Streak(runtime);
    this.grants = new Grants(runtime.gate, runtime, {
      share: share.bind(engine),
      node: runtime.self,
      report: reporter(runtime),
    });
  }

  async start(): Promise<void> {
    await this.grants.start();
    this.#learnLater();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    this.#timer?.cancel();
    await this.grants.stop();
  }

  #learnLater(): void {
    if (!this.#isOver) this.#timer = this.#runtime.clock.after(LEARN_MS, () => void this.#learn());
  }

  /** A node that runs no jobs says when to come again all the same: it hears from the others how long a run takes. */
  async #learn(): Promise<void> {
    try {
      const reports = ((await this.#engine.nodes?.()) ?? []).map(({ report }) => readReport(report));
      for (const [name, meter] of this.#runtime.meters) meter.learned(meanRunMs(reports, name));
      this.#failures.over();
    } catch (error) {
      this.#failures.failed(error);
    }
    this.#learnLater();
  }
}

function reporter({ gate, meters, clock }: Runtime): () => string {
  let report = "{}";
  let madeAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = clock.monotonic();
    if (now - madeAt < REPORT_MS) return report;
    madeAt = now;
    report = JSON.stringify(reportOf(gate, meters));
    return report;
  };
}
