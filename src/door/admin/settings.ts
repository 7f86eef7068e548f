/**
 * `PATCH` of an operation or a resource: in the audit first, kept by the store then, and in force in the gate at last.
 * Refuses a setting that cannot be kept, as it would be gone after a restart without a word.
 */
import type { Setting, SettingChange } from "../../core/engine.ts";
import type { JsonValue } from "../../core/json.ts";
import { MOST_CONCURRENCY } from "../../core/resource.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { Fault } from "../../core/schema.ts";
import { readSettings } from "../../core/settings.ts";
import type { DoorRequest, Reply } from "../exchange.ts";
import { refuse } from "../replies.ts";
import { audit } from "./audit.ts";
import { membersOf } from "./body.ts";
import { overview } from "./figures.ts";
import { answer } from "./lists.ts";
import { invalidInput } from "./query.ts";

type Scope = Setting["scope"];
/** What was asked, and no more: what else there is of the setting may be another operator's, at another node. */
type Patch = Omit<SettingChange, "scope" | "name">;

export async function patchRoute(
  request: DoorRequest,
  scope: Scope,
  name: string,
  runtime: Runtime,
): Promise<Reply> {
  const { gate, store } = runtime;
  if (!gate.knows(scope, name)) throw unknownEntry(scope, name);
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
  await audit("set", `${scope}s/${name}`, JSON.stringify(patch), runtime, store);
  const set = await store.committer.submit({ kind: "set", setting: { scope, name, ...patch } });
  if (set.kind === "refused") throw refuse(set.code, set.detail);
  await readSettings(runtime);
  const { operations, resources } = await overview(runtime);
  const entries = scope === "operation" ? operations : resources;
  return answer(JSON.stringify(entries.find((entry) => entry.name === name)));
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

export function unknownEntry(scope: Scope, name: string) {
  return refuse(
    scope === "operation" ? "unknown-operation" : "not-found",
    `No ${scope} is called ${JSON.stringify(name.slice(0, 64))} here.`,
  );
}
