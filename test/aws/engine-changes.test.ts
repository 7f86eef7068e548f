// Changes of a principal, where several processes write: one that comes into sight behind a later one is told all the same.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { newCall } from "../support/calls.ts";
import { EngineGround } from "./support/engine.ts";
import { withoutMoto } from "./support/rig.ts";

suite("changes of a principal on AWS", { skip: withoutMoto }, () => {
  let on: EngineGround;

  before(async () => {
    on = await EngineGround.lay(["work"]);
  });

  after(() => on.clear());

  test("a change that comes into sight late is told once, to whoever had gone past its place", async () => {
    const slow = slowed(on.dynamodb());
    const [writer, reader, other] = [await on.open(1, slow.client), await on.open(2), await on.open(3)];
    const [late, prompt] = [newCall(on.ids), newCall(on.ids)];
    slow.hold();
    const writing = writer.commit([{ kind: "open", call: late }]);
    await slow.held;
    on.clock.advance(5);
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
