/** Declares a topic's promises as tests on every chosen engine, each with a store of its own. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Random } from "../../src/core/random.ts";
import { engines, type Subject } from "./engines.ts";
import { World } from "./world.ts";

export type Promised = (sentence: string, keep: (world: World) => Promise<void>) => void;

/** What an engine must be for a topic: one that keeps its store when it closes, for itself or beside others. */
export type Needs =
  | "survival"
  | "survival alone"
  | "survival beside others"
  | "tables of the app's own"
  | "limits that nodes share";

export function promises(topic: string, declare: (promise: Promised) => void, needs?: Needs): void {
  for (const subject of engines) {
    if (!has(subject, needs)) continue;
    const missing = subject.missing?.() ?? false;
    // Most of a test is waiting for a thread to start and a disk to write.
    describe(`${topic} (${subject.name})`, { concurrency: 4 }, () => {
      declare((sentence, keep) => {
        const waiver = subject.waivers.find((one) => one.test === sentence);
        test(sentence, { skip: waiver?.reason ?? missing }, () => inWorld(subject, keep, undefined, needs));
      });
    });
  }
}

function has({ survives, owners, shares, installWithTables }: Subject, needs: Needs | undefined): boolean {
  if (needs === undefined) return true;
  if (needs === "tables of the app's own") return installWithTables !== undefined;
  if (needs === "limits that nodes share") return shares === true;
  if (needs === "survival") return survives;
  return survives && owners === (needs === "survival alone" ? "one" : "many");
}

export async function inWorld(
  subject: Subject,
  keep: (world: World) => Promise<void>,
  random?: Random,
  needs?: Needs,
): Promise<void> {
  const installWith = needs === "tables of the app's own" ? subject.installWithTables : undefined;
  const installed = await (installWith ?? subject.install).call(subject);
  const world = new World(installed, random, subject.prunes);
  try {
    await world.open();
    await keep(world);
    assert.deepEqual(world.fatal, [], "nothing fatal happened");
  } finally {
    await world.close();
    await installed.remove();
  }
}
