/**
 * What a settlement's writes make of the tables, pure: checked first, then applied, each write seeing those
 * before it. Engines bring the items and store what comes out.
 */
import type { FailedCondition, Settlement } from "./engine.ts";
import type { JsonText } from "./job.ts";
import type { JsonValue } from "./json.ts";
import { parseJson } from "./json-build.ts";
import type { Item, ItemCondition, ItemKey, ItemWrite } from "./table.ts";

export type ItemChange = ItemKey & { readonly value: JsonText | undefined };

export type Applied =
  | { readonly kind: "ok"; readonly changes: readonly ItemChange[] }
  | {
      readonly kind: "conflict";
      readonly reads: readonly ItemKey[];
      readonly conditions: readonly FailedCondition[];
    };

export function applyWrites(
  { reads, writes }: Pick<Settlement, "reads" | "writes">,
  load: (key: ItemKey) => Pick<Item, "version" | "value"> | undefined,
): Applied {
  const changed = reads.filter((read) => (load(read)?.version ?? 0) !== read.version);
  if (changed.length > 0) {
    return { kind: "conflict", reads: changed.map(({ table, key }) => ({ table, key })), conditions: [] };
  }
  const values = new Map<string, ItemChange>();
  const failed: FailedCondition[] = [];
  for (const write of writes) {
    const place = `${write.table}\n${write.key}`;
    const earlier = values.get(place);
    const stored = load(write);
    const current = earlier ? earlier.value : stored?.value;
    if (!holds(conditionOf(write), current, stored?.version ?? 0)) {
      failed.push({ table: write.table, key: write.key, ...(write.problem && { problem: write.problem }) });
      continue;
    }
    values.set(place, { table: write.table, key: write.key, value: written(write, current) });
  }
  if (failed.length > 0) return { kind: "conflict", reads: [], conditions: failed };
  return { kind: "ok", changes: [...values.values()] };
}

function conditionOf(write: ItemWrite): ItemCondition | undefined {
  if (write.kind === "insert") return "absent";
  return write.condition;
}

function holds(
  condition: ItemCondition | undefined,
  current: JsonText | undefined,
  version: number,
): boolean {
  if (condition === undefined) return true;
  if (condition === "absent") return current === undefined;
  if (condition === "present") return current !== undefined;
  return version === condition.version;
}

/** What a write makes of a value; `undefined` is no value. */
export function written(write: ItemWrite, current: JsonText | undefined): JsonText | undefined {
  if (write.kind === "delete") return undefined;
  if (write.kind !== "add") return write.value;
  const row = current === undefined ? {} : { ...(parseJson(current) as Record<string, JsonValue>) };
  for (const [field, by] of Object.entries(write.fields)) {
    const before = row[field];
    row[field] = (typeof before === "number" ? before : 0) + by;
  }
  return JSON.stringify(row);
}
