/**
 * How many workers are wanted: enough slots that what waits is run within a time and what comes meanwhile too, but no
 * more than the limits let run at once. `slots = (waiting / within + arrivals per second) × seconds of a run`.
 */

export type Load = {
  readonly operation: string;
  readonly paused: boolean;
  readonly waiting: number;
  readonly running: number;
  readonly arrivalsPerSecond: number;
  readonly runMs: number;
  /** The smallest limit in force that it is under by itself; `null`: none. */
  readonly limit: number | null;
  readonly resources: readonly string[];
  /** Slots of it that one worker has. */
  readonly perWorker: number;
};

export type Bound = {
  readonly name: string;
  readonly concurrency: number | null;
  readonly ratePerSecond: number | null;
};

export type Wanted = { readonly operation: string; readonly slots: number; readonly workers: number };

/** `workers` is for all operations together, which every worker serves. */
export function wanted(
  loads: readonly Load[],
  resources: readonly Bound[],
  withinS: number,
): { readonly workers: number; readonly operations: readonly Wanted[] } {
  const free = loads.map((load) => ({
    load,
    slots: Math.min(load.limit ?? Infinity, needed(load, withinS)),
  }));
  const slots = free.map(({ load, slots }) => {
    const shares = load.resources.map((name) => shareOf(name, resources, free));
    return slots * Math.min(1, ...shares);
  });
  const operations = loads.map((load, place) => {
    const count = slots[place] as number;
    return {
      operation: load.operation,
      slots: count,
      workers: workersFor(count / load.perWorker, isBusy(load)),
    };
  });
  const all = loads.reduce((sum, { perWorker }, place) => sum + (slots[place] as number) / perWorker, 0);
  return { workers: workersFor(all, loads.some(isBusy)), operations };
}

function needed({ paused, waiting, arrivalsPerSecond, runMs }: Load, withinS: number): number {
  return paused ? 0 : ((waiting / withinS + arrivalsPerSecond) * runMs) / 1_000;
}

/** What part of what all want of a resource it bears. */
function shareOf(
  name: string,
  resources: readonly Bound[],
  free: readonly { readonly load: Load; readonly slots: number }[],
): number {
  const bound = resources.find((one) => one.name === name);
  const users = free.filter(({ load }) => load.resources.includes(name));
  const slots = users.reduce((sum, one) => sum + one.slots, 0);
  const starts = users.reduce(
    (sum, { load, slots }) => sum + (load.runMs > 0 ? (slots * 1_000) / load.runMs : 0),
    0,
  );
  return Math.min(
    slots > 0 && bound?.concurrency ? bound.concurrency / slots : 1,
    starts > 0 && bound?.ratePerSecond ? bound.ratePerSecond / starts : 1,
  );
}

/** Something to do, though nobody knows yet how long it takes: one worker finds out. */
function isBusy({ paused, waiting, running }: Load): boolean {
  return running > 0 || (!paused && waiting > 0);
}

function workersFor(count: number, busy: boolean): number {
  // What sums up to a whole number but for the last bit is that number.
  return Math.max(busy ? 1 : 0, Math.ceil(count - 1e-6));
}
