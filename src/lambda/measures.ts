/**
 * What an invocation's attempts came to, per operation, as metrics in the log (CloudWatch's embedded metric format, by
 * Powertools). Loaded beside the work; where Powertools was not bundled there are none.
 */
import type { Clock } from "../core/clock.ts";
import { Meter, type Tally } from "../core/meter.ts";

const COUNTED = ["succeeded", "failed", "retried"] as const;
/** So many values one metric of a line may have. */
const MOST_VALUES = 100;

export class Measures {
  readonly #meters = new Map<string, RecordingMeter>();
  #module: Promise<typeof import("@aws-lambda-powertools/metrics") | undefined> | undefined;

  readonly meter = (operation: string, clock: Clock): Meter => {
    const meter = new RecordingMeter(clock);
    this.#meters.set(operation, meter);
    return meter;
  };

  begin(): void {
    this.#module ??= import("@aws-lambda-powertools/metrics").catch(() => undefined);
  }

  /** Writes what has happened since the last time. */
  async write(): Promise<void> {
    const happened = [...this.#meters].map(([operation, meter]) => ({ operation, ...meter.take() }));
    const told = happened.filter(
      ({ durations, counts }) => durations.length > 0 || counts.some(([, n]) => n > 0),
    );
    const module = told.length > 0 ? await this.#module : undefined;
    if (!module) return;
    const { Metrics, MetricUnit } = module;
    const { POWERTOOLS_METRICS_NAMESPACE: namespace = "spillway" } = process.env;
    const metrics = new Metrics({ namespace });
    for (const { operation, counts, durations } of told) {
      metrics.addDimension("operation", operation);
      for (const [name, count] of counts) if (count > 0) metrics.addMetric(name, MetricUnit.Count, count);
      for (const ms of durations.slice(0, MOST_VALUES))
        metrics.addMetric("duration", MetricUnit.Milliseconds, ms);
      metrics.publishStoredMetrics();
    }
  }
}

class RecordingMeter extends Meter {
  #durations: number[] = [];
  #told: Tally | undefined;

  override ran(ms: number): void {
    super.ran(ms);
    this.#durations.push(ms);
  }

  take() {
    const now = this.totals();
    const counts = COUNTED.map((name) => [name, now[name] - (this.#told?.[name] ?? 0)] as const);
    const durations = this.#durations;
    this.#told = now;
    this.#durations = [];
    return { counts, durations };
  }
}
