/** Makes this process one of the nodes that keep their limits together, where the store is for many. */
import type { Timer } from "../core/clock.ts";
import type { Engine } from "../core/engine.ts";
import { Grants } from "../core/grants.ts";
import { meanRunMs, readReport, reportOf } from "../core/node-report.ts";
import type { Runtime } from "../core/runtime.ts";
import type { NodeFacts } from "../core/share.ts";
import { Streak } from "../core/streak.ts";
import type { AppHost } from "./app.ts";

/** A node asks for slots more often than its report is worth making. */
const REPORT_MS = 1_000;
const LEARN_MS = 5_000;

export function selfOf(
  { node, machine, role = "all" }: AppHost,
  { clock }: Pick<Runtime, "clock">,
): NodeFacts {
  return { id: node, host: machine ?? node, role, startedAt: clock.now() };
}

/** None for a process that comes and goes: it could not say in time that it is alive. */
export function grantsOf(
  engine: Engine | undefined,
  runtime: Pick<Runtime, "gate" | "clock" | "notifier" | "onError" | "self" | "meters">,
  { timeLeftMs }: AppHost,
): Grants | undefined {
  const share = engine?.share?.bind(engine);
  if (!share || engine?.limits.singleOwner || timeLeftMs) return undefined;
  const { gate, meters, clock, self } = runtime;
  let report = "{}";
  let madeAt = Number.NEGATIVE_INFINITY;
  return new Grants(gate, runtime, {
    share,
    node: self,
    report: () => {
      const now = clock.monotonic();
      if (now - madeAt < REPORT_MS) return report;
      madeAt = now;
      report = JSON.stringify(reportOf(gate, meters));
      return report;
    },
  });
}

/**
 * A node that answers calls and runs no jobs says when to come again all the same: it hears from the others how long
 * a run takes. Returns the way to end it.
 */
export function learnRunTimes(runtime: Pick<Runtime, "store" | "meters" | "clock" | "onError">): () => void {
  const { store, meters, clock } = runtime;
  const { engine } = store ?? {};
  if (!engine?.nodes || engine.limits.singleOwner) return () => {};
  const failures = new Streak(runtime);
  let timer: Timer | undefined;
  let isOver = false;
  const learn = async () => {
    try {
      const reports = ((await engine.nodes?.()) ?? []).map(({ report }) => readReport(report));
      for (const [name, meter] of meters) meter.learned(meanRunMs(reports, name));
      failures.over();
    } catch (error) {
      failures.failed(error);
    }
    if (!isOver) timer = clock.after(LEARN_MS, () => void learn());
  };
  timer = clock.after(LEARN_MS, () => void learn());
  return () => {
    isOver = true;
    timer?.cancel();
  };
}
