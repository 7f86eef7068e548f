/** The operator's routes over the memory engine, with a clock that the test turns. */
import assert from "node:assert/strict";
import { inProcess } from "../../src/core/attempt.ts";
import { Committer } from "../../src/core/committer.ts";
import { Drain } from "../../src/core/drain.ts";
import type { Answer, Change, Engine, NewCall } from "../../src/core/engine.ts";
import { problem } from "../../src/core/errors.ts";
import { Gate } from "../../src/core/gate.ts";
import { Ids } from "../../src/core/ids.ts";
import type { Attempt, Job } from "../../src/core/job.ts";
import { LiveRuns } from "../../src/core/live.ts";
import { Meter } from "../../src/core/meter.ts";
import { LocalNotifier } from "../../src/core/notifier.ts";
import { operation } from "../../src/core/operation.ts";
import { resource } from "../../src/core/resource.ts";
import type { Runtime } from "../../src/core/runtime.ts";
import { Admin } from "../../src/door/admin/admin.ts";
import type { DoorRequest, Reply, Sink } from "../../src/door/exchange.ts";
import { Refused } from "../../src/door/replies.ts";
import type { Reports } from "../../src/door/reports.ts";
import { memory } from "../../src/engines/memory/index.ts";
import { newCall } from "./calls.ts";
import { anything } from "./schemas.ts";
import { SeededRandom } from "./seeded-random.ts";
import { TestClock } from "./test-clock.ts";

export const DAY_MS = 24 * 3_600_000;
const database = resource("db", { concurrency: 4, rate: "50/s" });
const operations = [
  operation({ name: "work", input: anything, limits: database }, () => null),
  operation({ name: "alone", input: anything, flow: "event", limits: { concurrency: 2 } }, () => null),
];

export class World {
  readonly clock: TestClock;
  readonly random = new SeededRandom(7);
  readonly ids: Ids;
  readonly runtime: Runtime;
  readonly engine: Engine;
  readonly admin: Admin;
  /** How often the store was asked for its figures. */
  asked = 0;
  /** Changes that the store has no room for. */
  refuses: (change: Change) => boolean = () => false;

  constructor(engine: Engine, clock: TestClock, withStore: boolean, reports?: Reports) {
    const { random } = this;
    const ids = new Ids(clock, random);
    this.clock = clock;
    this.ids = ids;
    const notifier = new LocalNotifier();
    const figures = () => {
      this.asked++;
      return engine.figures();
    };
    const commit = async (changes: readonly Change[]): Promise<readonly Answer[]> => {
      const accepted = changes.filter((change) => !this.refuses(change));
      const answers = [...(await engine.commit(accepted))];
      return changes.map((change) => (accepted.includes(change) ? (answers.shift() as Answer) : FULL));
    };
    this.engine = new Proxy(engine, {
      get: (target, name) => {
        if (name === "figures") return figures;
        if (name === "commit") return commit;
        const member = Reflect.get(target, name, target) as unknown;
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
    this.runtime = {
      operations: new Map(operations.map((one) => [one.spec.name, one])),
      store: withStore
        ? { engine: this.engine, committer: new Committer(this.engine, clock, notifier) }
        : undefined,
      gate: new Gate(
        operations.map(({ spec }) => spec),
        clock,
      ),
      live: new LiveRuns(notifier, clock),
      notifier,
      ids,
      clock,
      random,
      executor: inProcess,
      drain: new Drain(),
      node: "here",
      self: { id: "here", host: "machine", role: "all", startedAt: clock.now() },
      leaseMs: 30_000,
      meters: new Map(operations.map(({ spec }) => [spec.name, new Meter(clock)])),
      onError: () => undefined,
    };
    this.admin = new Admin(this.runtime, reports);
  }

  async ask(method: string, target: string, body?: unknown): Promise<{ status: number; body: Told }> {
    const [path = "", query = ""] = target.split("?");
    const rest = path.split("/").slice(1);
    const bytes = new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
    const request: DoorRequest = {
      method,
      path: `/admin${path}`,
      query,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      fromLoopback: true,
      body: (limit, taken) => taken(bytes.length > limit ? { kind: "too-large" } : { kind: "read", bytes }),
    };
    try {
      const reply = await this.admin.handle(request, rest, method);
      return { status: reply.status, body: reply.body === "" ? {} : JSON.parse(reply.body) };
    } catch (error) {
      if (error instanceof Refused)
        return { status: error.problem.status, body: error.problem as unknown as Told };
      throw error;
    }
  }

  async items(target: string): Promise<readonly Told[]> {
    const { status, body } = await this.ask("GET", target);
    assert.equal(status, 200, JSON.stringify(body));
    return body["items"] as readonly Told[];
  }

  async pointers(method: string, target: string, body?: unknown): Promise<readonly unknown[]> {
    const reply = await this.ask(method, target, body);
    assert.deepEqual([reply.status, reply.body["code"]], [422, "invalid-input"]);
    return (reply.body["errors"] as readonly { pointer: string }[]).map(({ pointer }) => pointer);
  }

  async queued(more: Partial<NewCall> = {}): Promise<Job> {
    const call = newCall(this.ids, more);
    const [answer] = await this.engine.commit([{ kind: "open", call }]);
    assert.ok(answer?.kind === "opened");
    return answer.job;
  }

  async failed(more: Partial<NewCall> = {}, code = "handler-failed"): Promise<Job> {
    const job = await this.queued(more);
    const queues = [{ operation: job.operation, limit: 1 }];
    const token = this.random.hex(8);
    const [claimed] = await this.engine.commit([{ kind: "claim", queues, token, leaseMs: 1_000 }]);
    assert.ok(claimed?.kind === "claimed" && claimed.claims[0]);
    const { lease } = claimed.claims[0];
    assert.equal(lease.id, job.id, "it was the only one that waited");
    const now = this.clock.now();
    const attempt: Attempt = { number: 1, startedAt: now, endedAt: now + 5, node: "here", error: { code } };
    const [settled] = await this.engine.commit([
      {
        kind: "settle",
        settlement: {
          lease,
          verdict: { kind: "failed", error: { ...problem("handler-failed"), code } },
          attempt,
          reads: [],
          writes: [],
          sends: [],
        },
      },
    ]);
    assert.ok(settled?.kind === "applied" && settled.job);
    return settled.job;
  }

  watch() {
    const events: string[] = [];
    const closing: (() => void)[] = [];
    const close = () => {
      for (const run of closing.splice(0)) run();
    };
    const watched = { events, ended: false, close };
    const sink: Sink = {
      write: (text) => void events.push(text),
      end: () => {
        watched.ended = true;
        watched.close();
      },
      onClose: (run) => void closing.push(run),
    };
    return Object.assign(watched, { sink });
  }

  async stream(): Promise<Reply> {
    const request = { method: "GET", path: "/admin/live", query: "", headers: {}, fromLoopback: true };
    const body = async () => ({ kind: "cut" }) as const;
    return this.admin.handle({ ...request, body }, ["live"], "GET");
  }
}

export type Told = { readonly [name: string]: unknown };

const FULL: Answer = { kind: "refused", code: "storage-unavailable", detail: "The disk is full." };

export async function world(withStore = true, reports?: Reports): Promise<World> {
  const clock = new TestClock();
  const onFatal = (error: Error) => assert.fail(error);
  const engine = await memory().open({ clock, random: new SeededRandom(1), onFatal });
  return new World(engine, clock, withStore, reports);
}

export const ids = (items: readonly Told[]) => items.map(({ id }) => id);
