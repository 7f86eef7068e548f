// How much of the machine went to other work while the bench ran: figures taken beside it say less, and whoever
// reads them must know.
import { cpus } from "node:os";
import { cpuMicrosOfTree } from "./children.ts";

/** Share of all cores' time, 0 to 1; undefined where it cannot be known. */
export type ShareOfOthers = () => number | undefined;

export function watchNeighbours(): ShareOfOthers {
  if (process.platform !== "linux") return () => undefined;
  const before = { machine: machineTimes(), own: cpuMicrosOfTree(process.pid) };
  return () => {
    const machine = machineTimes();
    const own = (cpuMicrosOfTree(process.pid) - before.own) / 1_000;
    const busy = machine.busy - before.machine.busy;
    return shareOfOthers(busy, own, machine.all - before.machine.all);
  };
}

/** Never below 0: both are counted in steps, and not at the same moment. */
export function shareOfOthers(busy: number, own: number, all: number): number {
  return Math.max(0, (busy - own) / all);
}

/** Milliseconds, of all cores together. */
function machineTimes(): { readonly busy: number; readonly all: number } {
  let [busy, all] = [0, 0];
  for (const { times } of cpus()) {
    const working = times.user + times.nice + times.sys + times.irq;
    busy += working;
    all += working + times.idle;
  }
  return { busy, all };
}
