// Random calls, handlers and mishaps in one app, on a clock that the test turns: no call may be lost, run twice at
// once, or be left without an answer. A failure prints the line that repeats it; `SEED` runs one, `SEEDS` that many.
import { describe, test } from "node:test";
import { Simulation } from "../support/simulation/simulation.ts";

const one = process.env["SEED"];
const seeds = one
  ? [Number(one)]
  : Array.from({ length: Number(process.env["SEEDS"] ?? 200) }, (_, n) => n + 1);
const LINE = "npm run test:unit -- test/unit/simulation.test.ts";

describe("an app in which anything may happen", () => {
  for (const seed of seeds) {
    test(`loses nothing, does nothing twice and answers everyone, seed ${seed}`, async () => {
      try {
        await new Simulation(seed).run();
      } catch (error) {
        throw new Error(`Seed ${seed} breaks a promise. Again: SEED=${seed} ${LINE}`, { cause: error });
      }
    });
  }
});
