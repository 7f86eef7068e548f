/** A running app of a test's own operations, on the memory engine and a test's clock; called through its door. */
import assert from "node:assert/strict";
import { type AppOptions, type RunningApp, spillway } from "../../src/app/app.ts";
import type { EngineSource } from "../../src/core/engine.ts";
import type { DoorRequest, Reply } from "../../src/door/exchange.ts";
import { memory } from "../../src/engines/memory/index.ts";
import { SeededRandom } from "./seeded-random.ts";
import { TestClock } from "./test-clock.ts";

export type Answer = {
  readonly status: number;
  readonly body: { readonly [member: string]: unknown };
  readonly header: (name: string) => string | undefined;
};

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
    const bytes = new TextEncoder().encode(body);
    return answerOf(
      await this.app.door.handle({
        method,
        path,
        query: "",
        headers: { host: "localhost", "content-type": "application/json", ...headers },
        fromLoopback: true,
        body: (_limit, taken) => taken({ kind: "read", bytes }),
      }),
    );
  }

  /** The receipt, after everything that can happen within this time has. */
  async receiptAfter(ms: number, id: unknown): Promise<Answer["body"]> {
    await this.clock.run(ms);
    return (await this.ask("GET", `/receipts/${id}`)).body;
  }
}

function answerOf({ status, headers, body }: Reply): Answer {
  const header = (name: string) => {
    const place = headers.findIndex((entry, i) => i % 2 === 0 && entry.toLowerCase() === name);
    return place === -1 ? undefined : headers[place + 1];
  };
  return { status, body: body === "" ? {} : JSON.parse(body), header };
}
