/** Sockets whose rows stand in a table of a test's own, and whose frames end at a management API of its own. */
import assert from "node:assert/strict";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { RunningApp } from "../../../src/app/app.ts";
import type { Engine } from "../../../src/core/engine.ts";
import { Watchers } from "../../../src/engines/aws/watchers.ts";
import { farSocket } from "../../../src/lambda/far-socket.ts";
import { socketGateway } from "../../../src/lambda/gateway.ts";
import { SocketPusher } from "../../../src/lambda/push.ts";
import { SeededRandom } from "../../support/seeded-random.ts";
import { TestClock } from "../../support/test-clock.ts";
import { Connections, type PushedFrame } from "./connections.ts";
import { type QueueOf, rig, type Store } from "./rig.ts";

export const MINUTE = 60_000;

/** What all tests of a file share. */
export class SocketGround {
  readonly store: Store;
  readonly dynamodb: DynamoDBClient;
  readonly connections: Connections;

  private constructor(store: Store, dynamodb: DynamoDBClient, connections: Connections) {
    this.store = store;
    this.dynamodb = dynamodb;
    this.connections = connections;
  }

  static async lay(queues: readonly QueueOf[] = []): Promise<SocketGround> {
    const on = await rig();
    // The client of the management API is made by what is tested, as in a function.
    Object.assign(process.env, on.environment);
    return new SocketGround(await on.newStore(queues), on.dynamodb(), await Connections.start());
  }

  async clear(): Promise<void> {
    this.dynamodb.destroy();
    await this.store.remove();
    await this.connections.stop();
  }
}

let made = 0;

/** One app's sockets. */
export class PushedSockets {
  /** Of those who push; the app's own may stand still, so that its jobs stay as they are. */
  readonly clock: TestClock;
  readonly watchers: Watchers;
  readonly pusher: SocketPusher;
  readonly errors: unknown[] = [];
  readonly #ground: SocketGround;
  readonly #engine: Engine;
  readonly #app: RunningApp;

  constructor(
    ground: SocketGround,
    engine: Engine,
    app: RunningApp,
    clock = new TestClock(),
    dynamodb = ground.dynamodb,
  ) {
    this.#ground = ground;
    this.#engine = engine;
    this.#app = app;
    this.clock = clock;
    this.watchers = new Watchers(ground.store.table, () => dynamodb, { clock });
    this.pusher = this.newPusher();
  }

  /** As another process has one. */
  newPusher(): SocketPusher {
    const onError = (error: unknown) => this.errors.push(error);
    return new SocketPusher({
      engine: this.#engine,
      watchers: this.watchers,
      gateway: socketGateway(this.#ground.connections.url, onError),
      texts: this.#app.texts,
      clock: this.clock,
      random: new SeededRandom(++made),
      onError,
    });
  }

  async connected(principal = "ann", tokenUntil?: number): Promise<string> {
    const connection = `c${++made}=`;
    await this.watchers.connect(connection, principal, tokenUntil);
    return connection;
  }

  /** What was sent to it, when all that the frame led to has been sent. */
  async say(connection: string, frame: object): Promise<readonly PushedFrame[]> {
    const row = await this.watchers.socket(connection);
    assert.ok(row, "it is connected");
    const detached = await this.#app.detached();
    await detached.hear(JSON.stringify(frame), farSocket(row, this.watchers, this.pusher));
    return this.take(connection);
  }

  /** Frames since the last time. */
  take(connection: string): readonly PushedFrame[] {
    return this.#ground.connections.take(connection);
  }
}

export const states = (frames: readonly PushedFrame[]): readonly (string | undefined)[] =>
  frames.map(({ receipt, problem }) => receipt?.status ?? problem?.code);
