// One stretch of load on one server, and what the server used for it.
import { setTimeout as sleep } from "node:timers/promises";
import type { Generator, Work } from "../generators/generator.ts";
import type { Sample } from "../report/sample.ts";
import type { Usage } from "../servers/instrument.ts";
import type { Server } from "./server.ts";

const MIB = 2 ** 20;

export type Loaded = { readonly sample: Sample; readonly replies: number };

export async function load(server: Server, generator: Generator, work: Work): Promise<Loaded> {
  const before = await server.usage();
  const found = await generator.run(server.url(work.path), work);
  const { replies, seconds, failures, p50Ms, p99Ms } = found;
  const after = await server.usage();
  if (failures > 0 || replies === 0)
    throw new Error(`${work.path}: ${failures} calls of ${replies + failures} failed.`);
  const operations = replies * (work.batch ?? 1);
  return {
    replies,
    sample: {
      perSecond: operations / seconds,
      ...usedBetween(before, after, operations),
      p50Ms,
      p99Ms,
    },
  };
}

export function usedBetween(before: Usage, after: Usage, operations: number) {
  const commits = after.commits - before.commits;
  return {
    cpuMicros: (after.cpuMicros - before.cpuMicros) / operations,
    ...(commits > 0 && { perCommit: operations / commits }),
    rssMiB: after.rssBytes / MIB,
  };
}

/** Lets what the last stretch left behind (closed connections, garbage) not be part of the next one. */
export const breathe = (): Promise<void> => sleep(150);
