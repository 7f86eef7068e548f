/** The memory engine as a slow disk that fills up now and then: what it is given it takes late, refuses, or finds changed. */
import type { Answer, Change, Engine, EngineSource } from "../../../src/core/engine.ts";
import { memory } from "../../../src/engines/memory/index.ts";
import { altered } from "../altered-engine.ts";
import type { SeededRandom } from "../seeded-random.ts";

const SLOW_MS = 50;
const REFUSED: Answer = { kind: "refused", code: "storage-unavailable", detail: "The disk is full." };
const CONFLICT: Answer = { kind: "conflict", reads: [], conditions: [] };

export class TroubledStore {
  readonly source: EngineSource;
  /** How many of the changes get no further. */
  trouble = 0;
  groups = 0;
  readonly #random: SeededRandom;
  #engine: Engine | undefined;

  constructor(random: SeededRandom) {
    this.#random = random;
    this.source = altered(memory(), (engine, { clock }) => {
      const commit = engine.commit.bind(engine);
      engine.commit = async (changes) => {
        this.groups++;
        if (random.chance(0.3))
          await new Promise<void>((resolve) => clock.after(random.integer(SLOW_MS), resolve));
        const answers: Answer[] = [];
        for (const change of changes)
          answers.push(this.#mishap(change) ?? ((await commit([change]))[0] as Answer));
        return answers;
      };
      this.#engine = engine;
    });
  }

  /** The number in a row of the simulated table. */
  async count(table: string, key: string): Promise<number> {
    const [item] = (await this.#engine?.read([{ table, key }])) ?? [];
    return item ? (JSON.parse(item.value) as { readonly n: number }).n : 0;
  }

  #mishap(change: Change): Answer | undefined {
    if (!this.#random.chance(this.trouble)) return undefined;
    const hasReads = change.kind === "settle" && change.settlement.reads.length > 0;
    return hasReads && this.#random.chance(0.5) ? CONFLICT : REFUSED;
  }
}
