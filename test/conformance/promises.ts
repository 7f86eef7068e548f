/** Declares a topic's promises as tests on every chosen engine, each with a store of its own. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Random } from "../../src/core/random.ts";
import { engines, type Subject } from "./engines.ts";
import { World } from "./world.ts";

export type Promised = (sentence: string, keep: (world: World) => Promise<void>) => void;

/** `needs: "survival"`: for engines that keep their store when they close. */
export function promises(topic: string, declare: (promise: Promised) => void, needs?: "survival"): void {
  for (const subject of engines) {
    if (needs === "survival" && !subject.survives) continue;
    // Most of a test is waiting for a thread to start and a disk to write.
    describe(`${topic} (${subject.name})`, { concurrency: 4 }, () => {
      declare((sentence, keep) => {
        const waiver = subject.waivers.find((one) => one.test === sentence);
        test(sentence, { skip: waiver?.reason ?? false }, () => inWorld(subject, keep));
      });
    });
  }
}

export async function inWorld(
  subject: Subject,
  keep: (world: World) => Promise<void>,
  random?: Random,
): Promise<void> {
  const installed = await subject.install();
  const world = new World(installed, random);
  try {
    await world.open();
    await keep(world);
    assert.deepEqual(world.fatal, [], "nothing fatal happened");
  } finally {
    await world.close();
    await installed.remove();
  }
}
