// Of the machine, and of what ran on it.
import { statfsSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { versions } from "../versions.ts";

export type Surroundings = {
  readonly machine: string;
  readonly node: string;
  readonly sqlite: string;
  readonly fastify: string;
  readonly commit: string;
  readonly generator: string;
  /** The file system under the data, as fsync costs what it costs there. */
  readonly disk: string;
  /** The share of the machine that went to other work meanwhile, 0 to 1; null where it cannot be known. */
  readonly otherWork: number | null;
};

const QUIET = 0.05;

/** So that nobody takes a busy machine's figures for Spillway's. */
export function busyNote(otherWork: number | undefined): readonly string[] {
  if (otherWork === undefined || otherWork <= QUIET) return [];
  return [
    `NOT A QUIET MACHINE: other work took ${Math.round(otherWork * 100)}% of it meanwhile. Rates are lower, latencies and CPU higher than they are; run it again when the machine is idle.`,
  ];
}

/** By the number that statfs answers. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: "ext4",
  1481003842: "xfs",
  2435016766: "btrfs",
  16914836: "tmpfs",
  801189825: "zfs",
  2035054128: "overlayfs",
};

/** @throws where an fsync would cost nothing: figures of durable work would be figures of something else */
export function surroundings(
  generator: string,
  commit: string,
  folder: string,
): Omit<Surroundings, "otherWork"> {
  const memory = Math.round(totalmem() / 2 ** 30);
  const type = process.platform === "linux" ? statfsSync(folder).type : 0;
  const disk = FILE_SYSTEMS[type] ?? "a file system not known by name";
  if (disk === "tmpfs")
    throw new RangeError(
      `${folder} is in memory, where an fsync costs nothing. Set TMPDIR to a folder on a disk.`,
    );
  return {
    machine: `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? "unknown"}), ${memory} GiB, ${process.platform} ${release()}`,
    node: process.version,
    sqlite: process.versions["sqlite"] ?? "unknown",
    fastify: versions.fastify,
    commit,
    generator,
    disk,
  };
}
