// An engine that asks for its work, on a store of the rig: for tests of one promise, with a clock and a client of theirs.
import assert from "node:assert/strict";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Engine } from "../../../src/core/engine.ts";
import { aws } from "../../../src/engines/aws/index.ts";
import { SeededRandom } from "../../support/seeded-random.ts";
import type { TestClock } from "../../support/test-clock.ts";
import type { Rig, Store } from "./rig.ts";

export type On = { readonly on: Rig; readonly store: Store; readonly clock: TestClock };

/** @param seed another one for each engine of a test: it is told by it from the others */
export function engineOn(
  { on, store, clock }: On,
  seed: number,
  client: DynamoDBClient = on.dynamodb(),
  onFatal: (error: Error) => void = assert.fail,
): Promise<Engine> {
  const { table, queues } = store;
  const clients = { dynamodb: () => client, sqs: () => on.sqs(() => clock.now()) };
  return aws({ table, queues, clients }).open({ clock, random: new SeededRandom(seed), onFatal });
}
