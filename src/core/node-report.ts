/** How a node fares, as it tells the others with each sign of life: what it runs, how fast, and how much of it. */
import type { Gate } from "./gate.ts";
import type { JsonText } from "./job.ts";
import type { Meter } from "./meter.ts";

type OperationReport = {
  /** Slots of the operation that something runs in, and the most there were since it started. */
  readonly inUse: number;
  readonly peak: number;
  /** How long a run takes; 0 before the first. */
  readonly runMs: number;
  readonly runsPerSecond: number;
  /** Jobs that came, and that have to be run again. */
  readonly arrivalsPerSecond: number;
  /** Calls that came to it and got their outcome at once, or neither that nor a receipt. */
  readonly answeredPerSecond: number;
  readonly refusedPerSecond: number;
};

export type NodeReport = {
  readonly operations: Readonly<Record<string, OperationReport>>;
  /** Slots in use. */
  readonly resources: Readonly<Record<string, number>>;
};

const NOTHING: NodeReport = { operations: {}, resources: {} };

export function reportOf(gate: Gate, meters: ReadonlyMap<string, Meter>): NodeReport {
  const operations = [...meters].map(([name, meter]) => {
    const { inUse, peak } = gate.operation(name);
    const { accepted, answered, refused, retried, succeeded, failed } = meter.perSecond();
    return [
      name,
      {
        inUse,
        peak,
        runMs: Math.round(meter.ownRunMs * 10) / 10,
        runsPerSecond: tenths(succeeded + failed + retried),
        arrivalsPerSecond: tenths(accepted + retried),
        answeredPerSecond: tenths(answered),
        refusedPerSecond: tenths(refused),
      },
    ] as const;
  });
  const resources = gate.resources().map(({ name, inUse }) => [name, inUse] as const);
  return { operations: Object.fromEntries(operations), resources: Object.fromEntries(resources) };
}

/** Of a node that may be of another version: what cannot be read counts as nothing said. */
export function readReport(text: JsonText): NodeReport {
  try {
    const { operations = {}, resources = {} } = JSON.parse(text) as Partial<NodeReport>;
    return { operations: mapped(operations, operationReport), resources: mapped(resources, count) };
  } catch {
    return NOTHING;
  }
}

/** How long a run takes, over all nodes: those that run more weigh more. 0: nobody has run any. */
export function meanRunMs(reports: readonly NodeReport[], operation: string): number {
  const known = reports
    .flatMap(({ operations }) => operations[operation] ?? [])
    .filter(({ runMs }) => runMs > 0);
  // A node that ran some once, and none lately, still knows something.
  const weight = ({ runsPerSecond }: OperationReport) => Math.max(0.01, runsPerSecond);
  const all = known.reduce((sum, one) => sum + weight(one), 0);
  return all === 0 ? 0 : known.reduce((sum, one) => sum + one.runMs * weight(one), 0) / all;
}

function operationReport(value: unknown): OperationReport {
  const said = (typeof value === "object" && value !== null ? value : {}) as Partial<OperationReport>;
  return {
    inUse: count(said.inUse),
    peak: count(said.peak),
    runMs: count(said.runMs),
    runsPerSecond: count(said.runsPerSecond),
    arrivalsPerSecond: count(said.arrivalsPerSecond),
    answeredPerSecond: count(said.answeredPerSecond),
    refusedPerSecond: count(said.refusedPerSecond),
  };
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : 0;
}

function mapped<T>(
  from: Readonly<Record<string, unknown>>,
  read: (value: unknown) => T,
): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(from).map(([name, value]) => [name, read(value)]));
}

function tenths(rate: number): number {
  return Math.round(rate * 10) / 10;
}
