/** A running app of a test's own operations, on the memory engine and a test's clock; called through its door. */
import assert from "node:assert/strict";
import { type AppOptions, type RunningApp, spillway } from "../../src/app/app.ts";
import type { EngineSource } from "../../src/core/engine.ts";
import type { DoorRequest } from "../../src/door/exchange.ts";
import { memory } from "../../src/engines/memory/index.ts";
import { type Answer, answerOf, requestOf } from "./door-exchange.ts";
import { SeededRandom } from "./seeded-random.ts";
import { TestClock } from "./test-clock.ts";

export class World {
  readonly clock: TestClock;
  /** What the app's `onError` heard. */
  readonly errors: readonly unknown[];
  readonly app: RunningApp;

  private constructor(app: RunningApp, clock: TestClock, errors: unknown[]) {
    this.app = app;
    this.clock = clock;
    this.errors = errors;
  }

  static async start(options: Omit<AppOptions, "engine">, engine: EngineSource = memory()): Promise<World> {
    const clock = new TestClock();
    const errors: unknown[] = [];
    const app = await spillway({ onError: (error) => errors.push(error), ...options, engine }).start({
      node: "test",
      adminToken: undefined,
      boundToLoopback: true,
      onFatal: assert.fail,
      clock,
      random: new SeededRandom(1),
    });
    return new World(app, clock, errors);
  }

  async call(operation: string, input: unknown, headers: DoorRequest["headers"] = {}): Promise<Answer> {
    return this.ask("POST", `/operations/${operation}`, headers, JSON.stringify(input));
  }

  async ask(method: string, path: string, headers: DoorRequest["headers"] = {}, body = ""): Promise<Answer> {
    return answerOf(await this.app.door.handle(requestOf(method, path, { headers, body })));
  }

  /** The receipt, after everything that can happen within this time has. */
  async receiptAfter(ms: number, id: unknown): Promise<Answer["body"]> {
    await this.clock.run(ms);
    return (await this.ask("GET", `/receipts/${id}`)).body;
  }
}
