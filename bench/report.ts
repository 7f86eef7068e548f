// What the bench says: of the machine, and of what was measured on it.
import { execFileSync } from "node:child_process";
import { availableParallelism, cpus, release, totalmem } from "node:os";

export type Sample = {
  readonly perSecond: number;
  /** Of the server's process, for each operation. */
  readonly cpuMicros: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
};

export type Measured = { readonly name: string; readonly samples: readonly Sample[] };

export type Surroundings = {
  readonly machine: string;
  readonly node: string;
  readonly sqlite: string;
  readonly commit: string;
  readonly generator: string;
};

export function surroundings(generator: string): Surroundings {
  const memory = Math.round(totalmem() / 2 ** 30);
  return {
    machine: `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? "unknown"}), ${memory} GiB, ${process.platform} ${release()}`,
    node: process.version,
    sqlite: process.versions["sqlite"] ?? "unknown",
    commit: commit(),
    generator,
  };
}

function commit(): string {
  const git = (...args: readonly string[]) =>
    execFileSync("git", args, {
      cwd: import.meta.dirname,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  try {
    const changed = git("status", "--porcelain", "--", "../src") === "" ? "" : ", with changes to src";
    return git("rev-parse", "--short", "HEAD") + changed;
  } catch {
    return "unknown";
  }
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Of rates: the median of each round's own ratio, as a round's parts ran next to each other in time. */
export function ratio(one: Measured, floor: Measured): number {
  return median(
    one.samples.map(({ perSecond }, round) => perSecond / (floor.samples[round]?.perSecond ?? Number.NaN)),
  );
}

const rounded = (value: number): string => Math.round(value).toLocaleString("en-US");

export function table(measured: readonly Measured[], floor: Measured): string {
  const rows = [
    ["", "per second", "spread", "CPU µs each", "p50 ms", "p99 ms", "of empty"],
    ...measured.map((one) => {
      const rates = one.samples.map(({ perSecond }) => perSecond);
      const milliseconds = (of: (sample: Sample) => number | undefined) => {
        const values = one.samples.flatMap((sample) => of(sample) ?? []);
        return values.length === 0 ? "" : median(values).toFixed(2);
      };
      return [
        one.name,
        rounded(median(rates)),
        `${rounded(Math.min(...rates))}–${rounded(Math.max(...rates))}`,
        median(one.samples.map(({ cpuMicros }) => cpuMicros)).toFixed(1),
        milliseconds(({ p50Ms }) => p50Ms),
        milliseconds(({ p99Ms }) => p99Ms),
        ratio(one, floor).toFixed(2),
      ];
    }),
  ];
  const widths =
    rows[0]?.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0))) ?? [];
  return rows
    .map((cells) =>
      cells.map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      ),
    )
    .map((cells) => cells.join("  ").trimEnd())
    .join("\n");
}
