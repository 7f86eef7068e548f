// A call at once without a key leaves no row: what it costs, and what is said of it when its answer is lost.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Answer, Engine } from "../../src/core/engine.ts";
import type { Ids } from "../../src/core/ids.ts";
import type { ItemRead } from "../../src/core/table.ts";
import { writesAlone } from "../support/calls.ts";
import { EngineGround } from "./support/engine.ts";
import { withoutMoto } from "./support/rig.ts";

suite("a call at once without a key", { skip: withoutMoto }, () => {
  let on: EngineGround;

  before(async () => {
    on = await EngineGround.lay();
  });

  after(() => on.clear());

  async function counted(engine: Engine, key: string): Promise<Answer | undefined> {
    const [answer] = await engine.commit([adding(on.ids, key)]);
    return answer;
  }

  async function count(key: string): Promise<unknown> {
    const engine = await on.open(9, on.dynamodb());
    const [item] = await engine.read([{ table: "counts", key }]);
    return item && JSON.parse(item.value).n;
  }

  test("with one insert costs one conditional put, and nothing is read before it", async () => {
    const client = on.dynamodb();
    const names = commandsOf(client);
    const engine = await on.open(1, client);
    names.length = 0;
    const [answer] = await engine.commit([writesAlone(on.ids, [insert("new")])]);
    assert.deepEqual(answer, { kind: "applied" });
    assert.deepEqual(names, ["PutItemCommand"]);
  });

  test("that reads more than one transaction can check is refused by its number, and nothing of it is done", async () => {
    const engine = await on.open(7, on.dynamodb());
    const reads = Array.from({ length: 100 }, (_, n) => ({ table: "counts", key: `read-${n}`, version: 0 }));
    const [answer] = await engine.commit([adding(on.ids, "e", reads)]);
    assert.ok(answer?.kind === "refused" && answer.code === "effects-too-large");
    assert.match(answer.detail, /^101 reads, writes and sends .* At most 100 /);
    assert.equal(await count("e"), undefined);
    const fewer = adding(on.ids, "e", reads.slice(1));
    assert.deepEqual(await engine.commit([fewer]), [{ kind: "applied" }]);
  });

  test("whose answer was lost is found to be done, and not done again", async () => {
    const lost = losing(on.dynamodb());
    const engine = await on.open(2, lost.client);
    lost.lose(async () => {});
    assert.deepEqual(await counted(engine, "b"), { kind: "applied" });
    assert.equal(await count("b"), 1);
  });

  test("whose answer was lost, its item written by another since, is neither answered nor done again", async () => {
    const lost = losing(on.dynamodb());
    const fatal = Promise.withResolvers<Error>();
    const [engine, other] = [await on.open(3, lost.client, fatal.resolve), await on.open(4, on.dynamodb())];
    lost.lose(async () => void (await counted(other, "c")));
    const answer = counted(engine, "c");
    const error = await Promise.race([fatal.promise, answer]);
    assert.ok(error instanceof Error, "the process is to stop, and the caller hears nothing");
    assert.match(error.message, /cannot be told whether it was done/);
    assert.equal(await count("c"), 2);
  });

  test("whose request was refused while another wrote its item is done after it", async () => {
    const lost = losing(on.dynamodb());
    const [engine, other] = [await on.open(5, lost.client), await on.open(6, on.dynamodb())];
    lost.throttle(async () => void (await counted(other, "d")));
    assert.deepEqual(await counted(engine, "d"), { kind: "applied" });
    assert.equal(await count("d"), 2);
  });
});

const insert = (key: string) => ({ kind: "insert", table: "counts", key, value: "1" }) as const;

const adding = (ids: Ids, key: string, reads: readonly ItemRead[] = []) =>
  writesAlone(ids, [{ kind: "add", table: "counts", key, fields: { n: 1 } }], reads);

function commandsOf(client: DynamoDBClient): string[] {
  const names: string[] = [];
  client.middlewareStack.add(
    (next, context) => (args) => {
      names.push(String(context.commandName));
      return next(args);
    },
    { step: "initialize", name: "names" },
  );
  return names;
}

/** A client whose next put is done without an answer, or refused; meanwhile others have their turn. */
function losing(client: DynamoDBClient) {
  let next: { readonly how: "lost" | "throttled"; readonly meanwhile: () => Promise<void> } | undefined;
  client.middlewareStack.add(
    (handle, context) => async (args) => {
      const now = context.commandName === "PutItemCommand" ? next : undefined;
      if (!now) return handle(args);
      next = undefined;
      if (now.how === "lost") await handle(args);
      await now.meanwhile();
      const name = now.how === "lost" ? "TimeoutError" : "ThrottlingException";
      throw Object.assign(new Error("Nobody heard it."), { name });
    },
    // Around the reading of the answer: what nobody reads would keep its connection, and this process.
    { step: "deserialize", name: "losing", priority: "high" },
  );
  return {
    client,
    lose: (meanwhile: () => Promise<void>) => {
      next = { how: "lost", meanwhile };
    },
    throttle: (meanwhile: () => Promise<void>) => {
      next = { how: "throttled", meanwhile };
    },
  };
}
