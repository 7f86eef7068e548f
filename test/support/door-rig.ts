/** A whole app of a test's own operations, behind its door, on the memory engine and a test's clock; no network. */
import assert from "node:assert/strict";
import { type AppOptions, type RunningApp, spillway } from "../../src/app/app.ts";
import type { Engine, EngineSource } from "../../src/core/engine.ts";
import type { DoorRequest, Reply } from "../../src/door/exchange.ts";
import { memory } from "../../src/engines/memory/index.ts";
import { altered, type Commit, committing } from "./altered-engine.ts";
import { requestOf } from "./door-exchange.ts";
import { SeededRandom } from "./seeded-random.ts";
import { TestClock } from "./test-clock.ts";

export class DoorRig {
  readonly clock = new TestClock();
  readonly errors: unknown[] = [];
  engine!: Engine;
  app!: RunningApp;
  /** Groups the engine was asked to commit. */
  commits = 0;
  commit: Commit | undefined;

  static async start(options: AppOptions, source: EngineSource = memory()): Promise<DoorRig> {
    const rig = new DoorRig();
    rig.app = await spillway({ ...options, engine: rig.#watched(source) }).start({
      node: "test",
      adminToken: undefined,
      boundToLoopback: true,
      onFatal: assert.fail,
      onError: (error) => rig.errors.push(error),
      clock: rig.clock,
      random: new SeededRandom(1),
    });
    await rig.settle();
    return rig;
  }

  /** Everything that can happen without time passing has. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await this.clock.run(0);
  }

  send(method: string, path: string, body = "", headers: DoorRequest["headers"] = {}): Promise<Reply> {
    return this.app.door.handle(requestOf(method, path, { headers, body }));
  }

  call(operation: string, input: unknown = {}, headers: DoorRequest["headers"] = {}): Promise<Reply> {
    return this.send("POST", `/operations/${operation}`, JSON.stringify(input), headers);
  }

  /** Once the clock was given the chance to fire what is due now. */
  async batch(operation: string, items: readonly unknown[], headers: DoorRequest["headers"] = {}) {
    const answered = this.send("POST", `/operations/${operation}/batch`, JSON.stringify(items), headers);
    await this.settle();
    const reply = await answered;
    return JSON.parse(reply.body) as readonly { readonly status: unknown; readonly code?: string }[];
  }

  async pause(operation: string): Promise<void> {
    const reply = await this.send("PATCH", `/admin/operations/${operation}`, '{"paused":true}');
    assert.equal(reply.status, 200, reply.body);
  }

  #watched(source: EngineSource): EngineSource {
    const watched = committing(source, (changes, commit) => {
      this.commits++;
      return this.commit ? this.commit(changes, commit) : commit(changes);
    });
    return altered(watched, (engine) => {
      this.engine = engine;
    });
  }
}

/** The engine's refusal of all that is offered. */
export const refusesAll: Commit = async (changes) =>
  changes.map(() => ({
    kind: "refused",
    code: "storage-unavailable",
    detail: "ENOSPC: /srv/private/spillway.db",
  }));

export function headerOf({ headers }: Reply, name: string): string | undefined {
  const place = headers.indexOf(name);
  return place < 0 ? undefined : headers[place + 1];
}

/** Status and, for a problem or a receipt, its code or state. */
export function gist(reply: Reply): string {
  const body = JSON.parse(reply.body || "null");
  return [reply.status, body?.code ?? body?.status].filter((part) => part !== undefined).join(" ");
}
