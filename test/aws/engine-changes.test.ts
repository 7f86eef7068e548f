// Changes of a principal, where several processes write: one that comes into sight behind a later one is told all the same.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Engine } from "../../src/core/engine.ts";
import { Ids } from "../../src/core/ids.ts";
import { newCall } from "../support/calls.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { TestClock } from "../support/test-clock.ts";
import { engineOn } from "./support/engine.ts";
import { type Rig, rig, type Store, withoutMoto } from "./support/rig.ts";

suite("changes of a principal on AWS", { skip: withoutMoto }, () => {
  let on: Rig;
  let store: Store;
  const clock = new TestClock();
  const ids = new Ids(clock, new SeededRandom(1));
  const engines: Engine[] = [];

  before(async () => {
    on = await rig();
    store = await on.newStore(["work"]);
  });

  after(async () => {
    for (const engine of engines) await engine.close();
    await store.remove();
  });

  async function opened(seed: number, client?: DynamoDBClient): Promise<Engine> {
    const engine = await engineOn({ on, store, clock }, seed, client);
    engines.push(engine);
    return engine;
  }

  test("a change that comes into sight late is told once, to whoever had gone past its place", async () => {
    const slow = slowed(on.dynamodb());
    const [writer, reader, other] = [await opened(1, slow.client), await opened(2), await opened(3)];
    const [late, prompt] = [newCall(ids), newCall(ids)];
    slow.hold();
    const writing = writer.commit([{ kind: "open", call: late }]);
    await slow.held;
    clock.advance(5);
    await reader.commit([{ kind: "open", call: prompt }]);
    const first = await reader.changes("ann", undefined, 10);
    assert.deepEqual(
      first.jobs.map(({ job }) => job.id),
      [prompt.id],
    );
    slow.release();
    await writing;
    const second = await reader.changes("ann", first.next, 10);
    assert.deepEqual(
      second.jobs.map(({ job }) => job.id),
      [late.id],
    );
    assert.deepEqual(await reader.changes("ann", second.next, 10), { jobs: [], next: second.next });
    // Another process does not know what that reader was told, so it leaves nothing out, and comes to an end.
    for (const cursor of [first.next, second.next]) {
      const told = await other.changes("ann", cursor, 10);
      assert.ok(told.jobs.some(({ job }) => job.id === late.id));
      assert.deepEqual((await other.changes("ann", told.next, 10)).jobs, []);
    }
  });
});

/** A client whose next put waits on its way. */
function slowed(client: DynamoDBClient) {
  const [held, told] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let holds = false;
  client.middlewareStack.add(
    (next, context) => async (args) => {
      if (holds && context.commandName === "PutItemCommand") {
        holds = false;
        held.resolve();
        await told.promise;
      }
      return next(args);
    },
    { step: "build", name: "slow" },
  );
  return { client, held: held.promise, hold: () => (holds = true), release: told.resolve };
}
