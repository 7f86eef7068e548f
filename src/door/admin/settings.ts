/**
 * `PATCH` of an operation or a resource: in the audit first, kept by the store then, and in force in the gate at last.
 * Refuses a setting that cannot be kept, as it would be gone after a restart without a word.
 */
import type { Setting } from "../../core/engine.ts";
import type { JsonValue } from "../../core/json.ts";
import { MOST_CONCURRENCY } from "../../core/resource.ts";
import type { Runtime, Store } from "../../core/runtime.ts";
import type { Fault } from "../../core/schema.ts";
import type { DoorRequest, Reply } from "../exchange.ts";
import { refuse } from "../replies.ts";
import { audit } from "./audit.ts";
import { membersOf } from "./body.ts";
import { overview } from "./figures.ts";
import { answer } from "./lists.ts";
import { invalidInput } from "./query.ts";

type Patch = Partial<Pick<Setting, "paused" | "concurrency">>;

export class Settings {
  readonly #runtime: Runtime;
  #last: Promise<void> = Promise.resolve();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  async patch(request: DoorRequest, scope: Setting["scope"], name: string): Promise<Reply> {
    const { gate, store } = this.#runtime;
    if (!gate.setting(scope, name)) throw unknownEntry(scope, name);
    const patch = await patchOf(request);
    if (!store) {
      throw refuse(
        "storage-unavailable",
        "This app has no engine, so a setting could not be kept; nothing was changed.",
      );
    }
    if (typeof patch.concurrency === "number" && store.engine.shares) {
      throw refuse(
        "not-on-this-deployment",
        "Limits are divided between calls at once and the queue when the template is made: change it in the app, synthesise and deploy. `paused` works here.",
      );
    }
    await this.#inTurn(() => this.#apply(patch, scope, name, store));
    const { operations, resources } = await overview(this.#runtime);
    const entries = scope === "operation" ? operations : resources;
    return answer(JSON.stringify(entries.find((entry) => entry.name === name)));
  }

  /** A setting is kept as a whole, so two patches at once would undo each other's half. */
  #inTurn(run: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(run);
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #apply(patch: Patch, scope: Setting["scope"], name: string, store: Store): Promise<void> {
    // The gate no longer knows whether its limit is the declared one or was set to the same number.
    const kept = (await store.engine.settings()).find((one) => one.scope === scope && one.name === name);
    const setting = { ...(kept ?? { scope, name, paused: false, concurrency: null }), ...patch };
    await audit("set", `${scope}s/${name}`, JSON.stringify(patch), this.#runtime, store);
    const set = await store.committer.submit({ kind: "set", setting });
    if (set.kind === "refused") throw refuse(set.code, set.detail);
    this.#runtime.gate.set(setting);
  }
}

async function patchOf(request: DoorRequest): Promise<Patch> {
  const faults: Fault[] = [];
  const { paused, concurrency } = await membersOf(request, ["paused", "concurrency"], faults);
  if (paused !== undefined && typeof paused !== "boolean") {
    faults.push({ pointer: "/paused", detail: "It must be true or false." });
  }
  if (concurrency !== undefined && !isConcurrency(concurrency)) {
    faults.push({
      pointer: "/concurrency",
      detail: `It must be a whole number from 1 to ${MOST_CONCURRENCY}, or null for what is declared.`,
    });
  }
  if (paused === undefined && concurrency === undefined) {
    faults.push({ pointer: "", detail: "Say paused, concurrency or both." });
  }
  if (faults.length > 0) throw invalidInput(faults);
  return {
    ...(typeof paused === "boolean" && { paused }),
    ...(isConcurrency(concurrency) && { concurrency }),
  };
}

function isConcurrency(value: JsonValue | undefined): value is number | null {
  if (value === null) return true;
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MOST_CONCURRENCY;
}

export function unknownEntry(scope: Setting["scope"], name: string) {
  return refuse(
    scope === "operation" ? "unknown-operation" : "not-found",
    `No ${scope} is called ${JSON.stringify(name.slice(0, 64))} here.`,
  );
}
