// Of the machine, and of what ran on it.
import { availableParallelism, cpus, release, totalmem } from "node:os";

export type Surroundings = {
  readonly machine: string;
  readonly node: string;
  readonly sqlite: string;
  readonly commit: string;
  readonly generator: string;
};

export function surroundings(generator: string, commit: string): Surroundings {
  const memory = Math.round(totalmem() / 2 ** 30);
  return {
    machine: `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? "unknown"}), ${memory} GiB, ${process.platform} ${release()}`,
    node: process.version,
    sqlite: process.versions["sqlite"] ?? "unknown",
    commit,
    generator,
  };
}
