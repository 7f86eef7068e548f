/**
 * A seeded sequence of changes, drawn at random but not blindly: from what is known of earlier answers, so that
 * most of them mean something and some do not. It drives any number of engines and judges none.
 */
import type {
  Answer,
  Change,
  Lease,
  NewCall,
  Queue,
  SettingChange,
  Settlement,
  Verdict,
} from "../../src/core/engine.ts";
import { ADMIN } from "../../src/core/engine.ts";
import { problem } from "../../src/core/errors.ts";
import type { Job, JobId } from "../../src/core/job.ts";
import type { ItemKey, ItemWrite } from "../../src/core/table.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { type AtOnce, keyed, LEASE_MS, leaseOf, type World } from "./world.ts";

export const OPERATIONS = ["a", "b", "c"] as const;
const PRINCIPALS = ["ann", "bob", ""] as const;
export const TABLES = ["t", "u"] as const;
const KEYS = ["1", "2", "3", "é", "\u{1f600}"] as const;

/** A read as each engine numbers versions for itself: what it holds now, held at some time, or never. */
export type Seen = ItemKey & { readonly seen: "now" | "before" | "nothing" };
export type Step = { readonly change: Change; readonly reads: readonly Seen[] };

export class Script {
  readonly random: SeededRandom;
  readonly ids: JobId[] = [];
  readonly #world: World;
  readonly #leases: Lease[] = [];
  /** As they were claimed, by the lease's token. */
  readonly #claimed = new Map<string, Job>();
  readonly #atOnce: AtOnce[] = [];
  readonly #tokens: string[] = [];

  /** `world` mints the ids; its engine is not touched. */
  constructor(seed: number, world: World) {
    this.random = new SeededRandom(seed);
    this.#world = world;
  }

  group(): readonly Step[] {
    return Array.from({ length: 1 + this.random.integer(8) }, () => this.#step());
  }

  learn(answers: readonly Answer[]): void {
    for (const answer of answers) {
      if (answer.kind !== "claimed") continue;
      for (const { lease, job } of answer.claims) {
        this.#leases.push(lease);
        this.#claimed.set(lease.token, job);
      }
    }
  }

  #step(): Step {
    const { random } = this;
    const steps: readonly (() => Change | Step)[] = [
      ...Array<() => Change>(9).fill(() => ({ kind: "open", call: this.#call() })),
      ...Array<() => Step>(9).fill(() => this.#settle(this.#lease())),
      ...Array<() => Step>(2).fill(() => this.#born()),
      ...Array<() => Change>(5).fill(() => this.#claim()),
      ...Array<() => Change>(3).fill(() => ({ kind: "extend", lease: this.#lease(), leaseMs: this.#ms() })),
      ...Array<() => Change>(3).fill(() => ({
        kind: "cancel",
        ref: { id: this.#id(), principal: this.#who() },
      })),
      ...Array<() => Change>(2).fill(() => ({ kind: "redrive", id: this.#id(), delayMs: this.#ms() })),
      () => ({ kind: "purge", id: this.#id() }),
      () => ({ kind: "set", setting: this.#setting() }),
      () => ({
        kind: "audit",
        entry: { at: this.#world.clock.now(), by: "x", action: "y", target: this.#id(), detail: "{}" },
      }),
    ];
    const step = random.pick(steps)();
    return "change" in step ? step : { change: step, reads: [] };
  }

  #call(): NewCall {
    const { random } = this;
    const shape = random.integer(10);
    const earlier = this.#atOnce.at(-1 - random.integer(3));
    if (shape === 0 && earlier) return { ...earlier, start: { ...earlier.start, ifLost: "queue" } };
    const key = shape < 5 ? keyed(`key-${random.integer(6)}`, random.chance(0.8) ? "same" : "other") : {};
    const more = { ...this.#details(), ...key };
    if (random.chance(0.7)) return this.#known(this.#world.call(more));
    const call = this.#world.callAtOnce("id" in key ? "forget" : "queue", more);
    this.#atOnce.push(call);
    this.#leases.push(leaseOf(call));
    return this.#known(call);
  }

  #details(): Partial<NewCall> {
    const { random } = this;
    return {
      operation: random.pick(OPERATIONS),
      principal: random.pick(PRINCIPALS),
      input: JSON.stringify({ n: random.integer(100) }),
      delayMs: random.chance(0.6) ? 0 : this.#ms(),
      maxAttempts: 1 + random.integer(3),
    };
  }

  #settle(lease: Lease, born?: NewCall): Step {
    const { random } = this;
    const reads = this.#some(
      2,
      (): Seen => ({ ...this.#place(), seen: random.pick(["now", "now", "before", "nothing"]) }),
    );
    const known = random.chance(0.7) ? this.#claimed.get(lease.token) : undefined;
    // A claim that is sent again when its jobs have moved on takes others under the same tokens.
    const claimed = known?.id === lease.id ? known : undefined;
    const settlement: Settlement = {
      lease,
      ...(claimed && { claimed }),
      ...(born && { born }),
      verdict: this.#verdict(),
      ...(random.chance(0.7) && {
        attempt: { number: 1, startedAt: 1, endedAt: 2, node: `n${random.integer(3)}` },
      }),
      reads: [],
      writes: this.#some(3, () => this.#write()),
      sends: random.chance(0.2) ? [this.#known(this.#world.call(this.#details()))] : [],
    };
    return { change: { kind: "settle", settlement }, reads };
  }

  #born(): Step {
    const call = this.#known(this.#world.callAtOnce("forget", this.#details())) as AtOnce;
    return this.#settle(leaseOf(call), call);
  }

  #claim(): Change {
    const queues: Queue[] = OPERATIONS.filter(() => this.random.chance(0.6)).map((operation) => ({
      operation,
      limit: this.random.integer(4),
    }));
    const again = this.#tokens.at(-1 - this.random.integer(4));
    const token = again !== undefined && this.random.chance(0.3) ? again : this.#world.token();
    this.#tokens.push(token);
    return { kind: "claim", queues, token, leaseMs: this.#ms() };
  }

  #verdict(): Verdict {
    const { random } = this;
    const error = problem("handler-failed", `Reason ${random.integer(3)}.`);
    return random.pick<Verdict>([
      { kind: "succeeded", output: JSON.stringify(random.integer(9)) },
      { kind: "succeeded", output: '{"long":"output"}' },
      { kind: "failed", error },
      { kind: "failed", error: problem("invalid-output") },
      { kind: "queued", delayMs: this.#ms(), error, spent: true },
      { kind: "queued", delayMs: 0, error, spent: false },
      { kind: "released", delayMs: this.#ms() },
      { kind: "cancelled" },
      { kind: "forgotten" },
    ]);
  }

  #write(): ItemWrite {
    const { random } = this;
    const place = {
      ...this.#place(),
      ...(random.chance(0.3) && { condition: random.pick(["absent", "present", { version: 0 }] as const) }),
      ...(random.chance(0.2) && { problem: problem("condition-failed", "Given.") }),
    };
    // Adding to what is no JSON throws: the one change that nobody expects.
    const value = random.pick(['{"n":1}', '{"n":2,"s":"x"}', "{}", "no JSON"]);
    const kind = random.pick(["insert", "put", "put", "add", "add", "delete"] as const);
    if (kind === "delete") return { ...place, kind };
    return kind === "add" ? { ...place, kind, fields: { n: random.integer(5) } } : { ...place, kind, value };
  }

  #setting(): SettingChange {
    const { random } = this;
    const scope = random.pick(["operation", "resource"] as const);
    return {
      scope,
      name: random.pick(OPERATIONS),
      ...(random.chance(0.7) && { paused: random.chance(0.5) }),
      ...(random.chance(0.7) && { concurrency: random.pick([null, 1, 9]) }),
    };
  }

  #place(): ItemKey {
    return { table: this.random.pick(TABLES), key: this.random.pick(KEYS) };
  }

  #who() {
    return this.random.pick([...PRINCIPALS, ADMIN, ADMIN]);
  }

  /** Mostly one that may still be held. */
  #lease(): Lease {
    const recent = this.#leases.at(-1 - this.random.integer(12)) ?? this.#leases.at(-1);
    if (recent && this.random.chance(0.95)) return recent;
    return { id: this.#id(), token: this.#world.token() };
  }

  #id(): JobId {
    const recent = this.ids.at(-1 - this.random.integer(30)) ?? this.ids.at(-1);
    return recent && this.random.chance(0.95) ? recent : "nobody";
  }

  #ms(): number {
    return this.random.pick([1, 50, 1_000, LEASE_MS]);
  }

  #some<T>(most: number, make: () => T): readonly T[] {
    return Array.from({ length: this.random.integer(most + 1) }, make);
  }

  #known<C extends { readonly id: JobId }>(call: C): C {
    this.ids.push(call.id);
    return call;
  }
}
