// All jobs of a principal, told to its sockets by processes that know nothing of each other.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, suite, test } from "node:test";
import { type RunningApp, spillway } from "../../src/app/app.ts";
import type { Engine, EngineSource, NewCall } from "../../src/core/engine.ts";
import { operation } from "../../src/core/operation.ts";
import { aws } from "../../src/engines/aws/index.ts";
import { anything } from "../support/schemas.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { TestClock } from "../support/test-clock.ts";
import type { PushedFrame } from "./support/connections.ts";
import { MINUTE, PushedSockets, SocketGround } from "./support/pushed-sockets.ts";
import { rig, withoutMoto } from "./support/rig.ts";

const SECOND = 1_000;
const mine = { type: "subscribe", mine: true };

suite("all jobs of a principal, told to sockets", { skip: withoutMoto }, () => {
  let ground: SocketGround;
  let app: RunningApp;
  let engine: Engine;
  let clock: TestClock;
  let on: PushedSockets;
  let principal: string;
  let jobs = 0;

  before(async () => {
    ground = await SocketGround.lay(["elsewhere", "here"]);
  });
  after(() => ground?.clear());

  beforeEach(async () => {
    clock = new TestClock();
    principal = `ann-${++jobs}`;
    await startApp();
    on = new PushedSockets(ground, engine, app, clock);
  });
  afterEach(async () => {
    await app.finishWork(0);
    await app.close();
  });

  /** Its worker has nothing to do: the jobs are of an operation that another process serves. Its own clock stands. */
  async function startApp(): Promise<void> {
    const emulated = await rig();
    const { table, queues } = ground.store;
    const source = aws({
      table,
      queues,
      clients: { dynamodb: emulated.dynamodb, sqs: () => emulated.sqs(() => clock.now()) },
    });
    const watched: EngineSource = {
      ...source,
      open: async (host) => {
        engine = await source.open({ ...host, clock });
        return engine;
      },
    };
    app = await spillway({
      operations: [operation({ name: "here", flow: "request", input: anything }, () => null)],
      engine: watched,
      authenticate: ({ token }) => ({ principal: token }),
    }).start({
      node: "test",
      adminToken: undefined,
      boundToLoopback: true,
      onFatal: assert.fail,
      clock: new TestClock(),
      random: new SeededRandom(++jobs),
    });
  }

  async function opened(): Promise<string> {
    const sequence = clock.now() * 1024 + ++jobs;
    const id = `${sequence.toString(16).padStart(14, "0")}${"0".repeat(32)}`;
    const call: NewCall = {
      ...{ id, sequence, operation: "elsewhere", principal, input: "1", inputVersion: 1 },
      ...{ delayMs: 0, maxAttempts: 1, details: { origin: "http" } },
      start: "queued",
    };
    const [answer] = await engine.commit([{ kind: "open", call }]);
    assert.equal(answer?.kind, "opened");
    return id;
  }

  async function ended(id: string): Promise<void> {
    const [answer] = await engine.commit([{ kind: "cancel", ref: { id, principal } }]);
    assert.equal(answer?.kind, "cancelled");
  }

  const push = (...receipts: string[]) => on.pusher.push({ receipts, principals: [principal] });
  const told = (frames: readonly PushedFrame[]) =>
    frames.map(({ receipt }) => [receipt?.id, receipt?.status] as const);
  const cursorOf = (frame: PushedFrame | undefined) => frame?.["cursor"] as string;

  test("begin with those there are, and go on with each change", async () => {
    const [first, second] = [await opened(), await opened()];
    const connection = await on.connected(principal);
    const [subscribed, ...there] = await on.say(connection, { ...mine, ref: 1 });
    assert.deepEqual([subscribed?.type, subscribed?.["ref"]], ["subscribed", 1]);
    assert.deepEqual(told(there), [
      [first, "queued"],
      [second, "queued"],
    ]);
    await ended(first);
    await push(first);
    assert.deepEqual(told(on.take(connection)), [[first, "cancelled"]]);
    await push(first);
    assert.deepEqual(on.take(connection), []);
    assert.deepEqual(on.errors, []);
  });

  test("resume after a cursor without missing what came into sight late", async () => {
    const before = await opened();
    clock.advance(MINUTE);
    const [late, early] = [await opened(), await opened()];
    await ended(early);
    const connection = await on.connected(principal);
    const frames = await on.say(connection, mine);
    assert.deepEqual(told(frames).at(-1), [early, "cancelled"]);
    const again = await on.connected(principal);
    const repeated = await on.say(again, { ...mine, after: cursorOf(frames.at(-1)) });
    // Its cursor is of the one before, of which the last seconds are told once more.
    assert.deepEqual(new Set(repeated.map(({ receipt }) => receipt?.id)), new Set([before, late, early]));
    clock.advance(MINUTE);
    await ended(late);
    await push(late);
    const [last] = on.take(connection);
    const third = await on.connected(principal);
    const resumed = await on.say(third, { ...mine, after: cursorOf(last) });
    assert.deepEqual(told(resumed), [
      [early, "cancelled"],
      [late, "cancelled"],
    ]);
  });

  test("tell what changed although the index does not show it yet", async () => {
    const connection = await on.connected(principal);
    const id = await opened();
    await on.say(connection, mine);
    await ended(id);
    hideIndex(on);
    await push(id);
    assert.deepEqual(told(on.take(connection)), [[id, "cancelled"]]);
  });

  test("go to each connection once, however many processes push", async () => {
    const connection = await on.connected(principal);
    await on.say(connection, mine);
    const ids = await Promise.all(Array.from({ length: 30 }, opened));
    const pushers = Array.from({ length: 8 }, () => on.newPusher());
    await Promise.all(pushers.map((one) => one.push({ receipts: ids, principals: [principal] })));
    const frames = on.take(connection);
    assert.deepEqual(new Set(frames.map(({ receipt }) => receipt?.id)), new Set(ids));
    assert.equal(frames.length, 30);
  });

  test("are taken up by another, where one died in the middle", async () => {
    const connection = await on.connected(principal);
    await on.say(connection, mine);
    const id = await opened();
    const { find } = engine;
    await new Promise<void>((resolve) => {
      engine.find = () => {
        resolve();
        return new Promise(() => {});
      };
      void on.newPusher().push({ receipts: [], principals: [principal] });
    });
    engine.find = find.bind(engine);
    await push(id);
    assert.deepEqual(on.take(connection), [], "it may still be alive");
    clock.advance(30 * SECOND);
    await push(id);
    assert.deepEqual(told(on.take(connection)), [[id, "queued"]]);
  });

  test("are told by the sweep, where nobody pushed", async () => {
    const connection = await on.connected(principal);
    await on.say(connection, mine);
    const id = await opened();
    clock.advance(MINUTE);
    await on.pusher.sweep();
    assert.deepEqual(told(on.take(connection)), [[id, "queued"]]);
  });

  test("end with an unsubscribe", async () => {
    const connection = await on.connected(principal);
    await on.say(connection, mine);
    const answer = { type: "unsubscribed", mine: true };
    assert.deepEqual(await on.say(connection, { type: "unsubscribe", mine: true }), [answer]);
    await push(await opened());
    assert.deepEqual(on.take(connection), []);
  });
});

/** As a replica that lags behind. */
function hideIndex({ watchers: { table } }: PushedSockets): void {
  const { query } = table;
  table.query = (input, most) =>
    input.IndexName === "changes" ? Promise.resolve([]) : query.call(table, input, most);
}
