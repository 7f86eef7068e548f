// Engines that ask for their work, on one store of the rig: for tests of one promise, with a clock and clients of theirs.
import assert from "node:assert/strict";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Engine } from "../../../src/core/engine.ts";
import { Ids } from "../../../src/core/ids.ts";
import { aws } from "../../../src/engines/aws/index.ts";
import { SeededRandom } from "../../support/seeded-random.ts";
import { TestClock } from "../../support/test-clock.ts";
import { type QueueOf, type Rig, rig, type Store } from "./rig.ts";

export class EngineGround {
  readonly clock = new TestClock();
  readonly ids = new Ids(this.clock, new SeededRandom(1));
  readonly #rig: Rig;
  readonly #store: Store;
  readonly #engines: Engine[] = [];

  private constructor(on: Rig, store: Store) {
    this.#rig = on;
    this.#store = store;
  }

  static async lay(queues: readonly QueueOf[] = []): Promise<EngineGround> {
    const on = await rig();
    return new EngineGround(on, await on.newStore(queues));
  }

  dynamodb(): DynamoDBClient {
    return this.#rig.dynamodb();
  }

  /** @param seed another one for each engine of a test: it is told by it from the others */
  async open(
    seed: number,
    client: DynamoDBClient = this.dynamodb(),
    onFatal: (error: Error) => void = assert.fail,
  ): Promise<Engine> {
    const { table, queues } = this.#store;
    const { clock } = this;
    const clients = { dynamodb: () => client, sqs: () => this.#rig.sqs(() => clock.now()) };
    const host = { clock, random: new SeededRandom(seed), onFatal };
    const engine = await aws({ table, queues, clients }).open(host);
    this.#engines.push(engine);
    return engine;
  }

  async clear(): Promise<void> {
    for (const engine of this.#engines) await engine.close();
    await this.#store.remove();
  }
}
