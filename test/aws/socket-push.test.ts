// Pushes to sockets that no process keeps: every live one hears the final state, whatever happens to a push.
import assert from "node:assert/strict";
import { after, before, beforeEach, suite, test } from "node:test";
import {
  followedKey,
  lookPartition,
  moment,
  socketKey,
  watcherRow,
  watchKey,
} from "../../src/engines/aws/watch-rows.ts";
import { Rig } from "../support/push-rig.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { TestClock } from "../support/test-clock.ts";
import { BROKEN, BUSY, GONE } from "./support/connections.ts";
import { byChance, intercept } from "./support/faults.ts";
import { MINUTE, PushedSockets, SocketGround, states } from "./support/pushed-sockets.ts";
import { rig as awsRig, withoutMoto } from "./support/rig.ts";

const ann = { authorization: "Bearer ann" };

suite("pushes to sockets", { skip: withoutMoto }, () => {
  let ground: SocketGround;
  let rig: Rig;
  let on: PushedSockets;

  before(async () => {
    ground = await SocketGround.lay();
  });
  after(() => ground?.clear());

  beforeEach(async () => {
    rig = new Rig();
    await rig.start(({ token }) => ({ principal: token }));
    on = new PushedSockets(ground, rig.engine, rig.app);
  });

  const push = (...receipts: string[]) => on.pusher.push({ receipts, principals: [] });
  const subscribe = (receipt: string) => ({ type: "subscribe", receipt });

  test("tell each who follows a receipt, until it is final", async () => {
    const id = await rig.accepted(ann);
    const [one, two] = [await on.connected(), await on.connected()];
    for (const connection of [one, two]) {
      assert.deepEqual(states(await on.say(connection, subscribe(id))), ["running"]);
    }
    rig.progress(0.5);
    await push(id);
    const [toOne, toTwo] = [on.take(one)[0]?.receipt, on.take(two)[0]?.receipt];
    assert.deepEqual(toOne, { ...toTwo, progress: { ratio: 0.5 } });
    await rig.release();
    await push(id);
    for (const connection of [one, two]) assert.deepEqual(states(on.take(connection)), ["succeeded"]);
    const { posts } = ground.connections;
    await push(id);
    assert.equal(ground.connections.posts, posts);
    assert.deepEqual(on.errors, []);
  });

  test("ask the store whose receipt it is", async () => {
    const id = await rig.accepted(ann);
    const bobs = await on.connected("bob");
    await on.watchers.follow({ connection: bobs, principal: "bob", until: on.clock.now() + MINUTE }, id);
    await rig.release();
    await push(id);
    assert.deepEqual(states(on.take(bobs)), ["unknown-receipt"]);
  });

  test("to a connection that is gone remove all that was kept for it", async () => {
    const [id, other] = [await rig.accepted(ann), await rig.accepted(ann)];
    const connection = await on.connected();
    await on.say(connection, subscribe(id));
    await on.say(connection, subscribe(other));
    await on.say(connection, { type: "subscribe", mine: true });
    ground.connections.refuse(connection, [GONE], true);
    await rig.release();
    await push(id);
    assert.equal(await on.watchers.socket(connection), undefined);
    assert.deepEqual(await on.watchers.followed(connection), []);
    assert.deepEqual(await on.watchers.ofReceipt(other), []);
    assert.deepEqual(await on.watchers.ofPrincipal("ann"), []);
    assert.deepEqual(on.errors, []);
  });

  test("that are throttled are sent again", async () => {
    const id = await rig.accepted(ann);
    const connection = await on.connected();
    await on.say(connection, subscribe(id));
    await rig.release();
    ground.connections.refuse(connection, [BUSY, BUSY]);
    await push(id);
    assert.deepEqual(states(on.take(connection)), ["succeeded"]);
  });

  test("that fail are made up for by the sweep, and fail nothing else", async () => {
    const id = await rig.accepted(ann);
    const [broken, sound] = [await on.connected(), await on.connected()];
    for (const connection of [broken, sound]) await on.say(connection, subscribe(id));
    ground.connections.refuse(broken, [BROKEN], true);
    await rig.release();
    await push(id);
    assert.deepEqual(states(on.take(sound)), ["succeeded"]);
    assert.ok(on.errors.length > 0, "it is said in the log");
    ground.connections.heal(broken);
    await on.pusher.sweep();
    assert.deepEqual(on.take(broken), [], "the sweep is in no hurry");
    on.clock.advance(MINUTE);
    await on.pusher.sweep();
    assert.deepEqual(states(on.take(broken)), ["succeeded"]);
    assert.deepEqual(on.take(sound), []);
  });

  test("that were lost with their process are made up for, and then the sweep looks no more", async () => {
    const ids = [await rig.accepted(ann), await rig.accepted(ann)];
    const connection = await on.connected();
    for (const id of ids) await on.say(connection, subscribe(id));
    await rig.release();
    on.clock.advance(MINUTE);
    await on.pusher.sweep();
    assert.deepEqual(states(on.take(connection)), ["succeeded"]);
    await rig.release();
    on.clock.advance(MINUTE);
    await on.pusher.sweep();
    assert.deepEqual(on.take(connection), [], "it looks less and less often");
    on.clock.advance(MINUTE);
    await on.pusher.sweep();
    assert.deepEqual(states(on.take(connection)), ["succeeded"]);
    on.clock.advance(10 * MINUTE);
    assert.deepEqual(await on.watchers.looks.due(100), []);
  });

  test("that were lost with their process are made up for in one sweep, for however many sockets", async () => {
    const id = await rig.accepted(ann);
    const until = on.clock.now() + 60 * MINUTE;
    const connections = Array.from({ length: 210 }, (_, n) => `many${n}=`);
    const rows = connections.map((connection) => watcherRow({ connection, principal: "ann", until }));
    const look = (connection: string) => ({
      wk: { S: lookPartition(connection) },
      ws: { S: moment(on.clock.now()) },
    });
    await on.watchers.table.put([
      ...connections.map((one, n) => ({ ...socketKey(one), ...rows[n], ...look(one) })),
      ...connections.map((one, n) => ({ ...followedKey(one, id), ...rows[n] })),
    ]);
    await rig.release();
    await on.pusher.sweep();
    const heard = connections.filter((connection) => states(on.take(connection)).includes("succeeded"));
    assert.equal(heard.length, connections.length);
  });

  test("after the token's time close the connection instead", async () => {
    const id = await rig.accepted(ann);
    const connection = await on.connected("ann", rig.clock.now() + MINUTE);
    await on.say(connection, subscribe(id));
    await rig.release();
    rig.clock.advance(MINUTE);
    await push(id);
    assert.deepEqual([on.take(connection), ground.connections.ended.pop()], [[], connection]);
    assert.equal(await on.watchers.socket(connection), undefined);
  });

  test("reach a socket that follows while the sweep looks for the last time", async () => {
    const [first, second] = [await rig.accepted(ann), await rig.accepted(ann)];
    const connection = await on.connected();
    await on.say(connection, subscribe(first));
    await rig.release();
    await push(first);
    on.clock.advance(MINUTE);
    const asRead = await on.watchers.socket(connection);
    assert.ok(asRead);
    await on.say(connection, subscribe(second));
    await on.watchers.looks.looked(asRead, false);
    on.clock.advance(1);
    assert.deepEqual(await on.watchers.looks.due(100), [connection]);
  });

  test("reach every live socket although the table, the gateway and processes fail", async () => {
    const chance = new SeededRandom(7);
    const client = (await awsRig()).dynamodb();
    const clock = new TestClock();
    // Whoever waits before it tries again need not wait here.
    clock.after = (_ms, run) => {
      setImmediate(run);
      return { cancel: () => undefined };
    };
    on = new PushedSockets(ground, rig.engine, rig.app, clock, client);
    const followed: (readonly [string, string])[] = [];
    for (let n = 0; n < 12; n++) {
      const connection = await on.connected();
      for (let more = 0; more <= n % 3; more++) {
        const id = await rig.accepted(ann);
        await on.say(connection, subscribe(id));
        followed.push([connection, id]);
      }
    }
    intercept(client, byChance(chance, 0.15));
    for (const [connection, id] of followed) {
      await rig.release();
      ground.connections.refuse(connection, [chance.fraction() < 0.5 ? BUSY : BROKEN]);
      // Or the process is gone before it could.
      if (chance.fraction() < 0.7) await on.newPusher().push({ receipts: [id], principals: [] });
    }
    for (let minutes = 1; minutes <= 16; minutes *= 2) {
      clock.advance(minutes * MINUTE);
      await on.newPusher().sweep();
    }
    const heard = new Map<string, readonly string[]>();
    for (const [connection] of followed) {
      const ids = on
        .take(connection)
        .flatMap(({ receipt }) => (receipt?.status === "succeeded" ? [receipt.id] : []));
      heard.set(connection, [...(heard.get(connection) ?? []), ...ids]);
    }
    const unheard = followed.filter(([connection, id]) => !heard.get(connection)?.includes(id));
    assert.deepEqual(unheard, []);
    client.destroy();
  });

  test("a socket follows a thousand receipts and no more, and may ask for each again", async () => {
    const connection = await on.connected();
    const row = watcherRow({ connection, principal: "ann", until: on.clock.now() + MINUTE });
    const id = await rig.accepted(ann);
    await on.say(connection, subscribe(id));
    const others = Array.from({ length: 999 }, (_, n) => `r${n + 1}`);
    await on.watchers.table.put(others.map((one) => ({ ...followedKey(connection, one), ...row })));
    await on.watchers.table.put(others.map((one) => ({ ...watchKey(one, connection), ...row })));
    const other = await rig.accepted(ann);
    assert.deepEqual(states(await on.say(connection, subscribe(other))), ["quota-exceeded"]);
    const call = { type: "call", operation: "later", input: 1 };
    assert.deepEqual(states(await on.say(connection, call)), ["quota-exceeded"]);
    assert.deepEqual(states(await on.say(connection, subscribe(id))), ["running"]);
    await on.watchers.forget(connection);
    assert.deepEqual(await on.watchers.ofReceipt("r999"), []);
  });
});
