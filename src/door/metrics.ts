/**
 * `GET /metrics`: what waits, what runs and how many workers are wanted, as Prometheus reads it. It needs no token, so
 * the store is asked once a second at most, however often somebody comes.
 */
import type { Runtime } from "../core/runtime.ts";
import { scaleOf } from "./admin/scale.ts";
import type { Reply } from "./exchange.ts";
import { refuse } from "./replies.ts";

const FRESH_MS = 1_000;
const TYPE = ["content-type", "text/plain; version=0.0.4; charset=utf-8", "cache-control", "no-store"];

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

export class Metrics {
  readonly #runtime: Runtime;
  #text: Promise<string> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  async reply(): Promise<Reply> {
    if (this.#runtime.timeLeftMs) {
      // Each look at its queues is paid for, and anybody may come here.
      throw refuse("not-on-this-deployment", "CloudWatch has this deployment's metrics.");
    }
    const now = this.#runtime.clock.monotonic();
    if (!this.#text || now - this.#askedAt >= FRESH_MS) {
      this.#askedAt = now;
      this.#text = textOf(this.#runtime);
      this.#text.catch(() => {
        this.#text = undefined;
      });
    }
    return { status: 200, headers: TYPE, body: await this.#text };
  }
}

async function textOf(runtime: Runtime): Promise<string> {
  const scale = await scaleOf(runtime);
  const each = (value: (entry: (typeof scale.entries)[number]) => number): readonly Sample[] =>
    scale.entries.map((entry) => [{ operation: entry.name }, value(entry)]);
  const roles = new Map<string, number>();
  for (const { role, lost } of scale.nodes) if (!lost) roles.set(role, (roles.get(role) ?? 0) + 1);
  return [
    gauge(
      "jobs_queued",
      "Jobs that wait, those that are not due yet with them.",
      each(({ queued }) => queued),
    ),
    gauge(
      "jobs_running",
      "Jobs that run.",
      each(({ running }) => running),
    ),
    gauge(
      "jobs_failed",
      "Jobs that have failed and are kept.",
      each(({ failed }) => failed),
    ),
    gauge(
      "oldest_job_age_seconds",
      "How long the oldest job that is due has waited.",
      each(({ oldestAgeMs }) => (oldestAgeMs ?? 0) / 1_000),
    ),
    gauge(
      "workers_wanted",
      "Workers that would clear an operation's backlog within a minute, as far as its limits let them.",
      scale.items.map(({ operation, workers }) => [{ operation }, workers]),
    ),
    gauge("workers_wanted_in_all", "The same for all operations together.", [[{}, scale.workers]]),
    gauge(
      "nodes",
      "Processes that serve this store.",
      [...roles].sort().map(([role, count]) => [{ role }, count]),
    ),
  ].join("");
}

function gauge(name: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => `spillway_${name}${labelled(labels)} ${value}`);
  return `# HELP spillway_${name} ${help}\n# TYPE spillway_${name} gauge\n${lines.join("\n")}\n`;
}

/** The names of operations and roles have nothing in them that would have to be escaped. */
function labelled(labels: Labels): string {
  const written = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return written.length === 0 ? "" : `{${written.join(",")}}`;
}
