/** The machine that a report was made on, as far as it matters to who compares figures. */
import { arch, cpus, release, totalmem, type } from "node:os";
import type { Machine } from "./report.ts";

const GIBIBYTE = 2 ** 30;

export function thisMachine(): Machine {
  const [first, ...rest] = cpus();
  return {
    cpu: first?.model.trim() || arch(),
    cores: rest.length + (first ? 1 : 0),
    memoryGiB: Math.round((totalmem() / GIBIBYTE) * 10) / 10,
    system: `${type()} ${release()} ${arch()}`,
    node: process.versions.node,
  };
}
