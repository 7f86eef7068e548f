/** Conditional writes, to be done one by one or all or none: each says what must still hold, and that alone is awaited. */
import type { AttributeValue, TransactWriteItem } from "@aws-sdk/client-dynamodb";
import type { ItemKey, ItemRead } from "../../core/table.ts";
import { itemKey, jobKey, type Key, keyAttributes } from "./keys.ts";
import type { Altered, Attributes } from "./rows.ts";

type Names = Record<string, string>;

/** A write with the condition that it hangs on; `check` alters nothing. */
export type Write = {
  readonly kind: "put" | "update" | "delete" | "check";
  readonly key: Key;
  /** For `put`, the whole item. */
  readonly item?: Attributes;
  readonly update?: string;
  readonly condition?: string;
  readonly names: Names;
  readonly values: Attributes;
  /** The same with no more of the row's history than it brings itself: where there is no room for all of it. */
  readonly leaner?: () => Write;
};

/** What a row must be for a change that was worked out from it. */
export type Expected =
  | { readonly kind: "absent" }
  | { readonly kind: "stamp"; readonly stamp: string }
  /** As it was claimed, extended or not; if it is lost with its lease, still in it at that moment. */
  | { readonly kind: "held"; readonly token: string; readonly revision: number; readonly aliveAt?: number };

export function putRow(id: string, item: Attributes, expected: Expected): Write {
  const { ef: _, ...leaner } = item;
  return {
    kind: "put",
    key: jobKey(id),
    item,
    ...holding(expected),
    ...(item["ef"] && { leaner: () => putRow(id, leaner, expected) }),
  };
}

export function deleteRow(id: string, expected: Expected): Write {
  return { kind: "delete", key: jobKey(id), ...holding(expected) };
}

/** @param appended to lists that may not be there yet. */
export function updateRow(
  id: string,
  altered: Altered,
  expected: Expected,
  appended: Readonly<Record<string, AttributeValue | undefined>> = {},
): Write {
  const { condition, names, values } = holding(expected);
  const sets: string[] = [];
  const removes: string[] = [];
  for (const [name, value] of Object.entries(altered)) {
    names[`#${name}`] = name;
    if (value === undefined) removes.push(`#${name}`);
    else {
      sets.push(`#${name} = :${name}`);
      values[`:${name}`] = value;
    }
  }
  for (const [name, value] of Object.entries(appended)) {
    if (value === undefined) continue;
    names[`#${name}`] = name;
    values[`:${name}`] = value;
    values[":none"] = { L: [] };
    sets.push(`#${name} = list_append(if_not_exists(#${name}, :none), :${name})`);
  }
  const update = `SET ${sets.join(", ")}${removes.length > 0 ? ` REMOVE ${removes.join(", ")}` : ""}`;
  return {
    kind: "update",
    key: jobKey(id),
    update,
    ...(condition && { condition }),
    names,
    values,
    ...(!("as" in altered) && {
      leaner: () => updateRow(id, { ...altered, as: appended["as"], ef: undefined }, expected),
    }),
  };
}

function holding(expected: Expected): { condition: string; names: Names; values: Attributes } {
  switch (expected.kind) {
    case "absent":
      return { condition: "attribute_not_exists(#pk)", names: { "#pk": "pk" }, values: {} };
    case "stamp":
      return {
        condition: "#w = :stampThen",
        names: { "#w": "w" },
        values: { ":stampThen": { S: expected.stamp } },
      };
    case "held": {
      const { token, revision, aliveAt } = expected;
      const isAlive = aliveAt === undefined ? "" : " AND #lu > :aliveAt";
      return {
        condition: `#tk = :tokenThen AND #rv = :revisionThen AND #st = :running${isAlive}`,
        names: { "#tk": "tk", "#rv": "rv", "#st": "st", ...(isAlive && { "#lu": "lu" }) },
        values: {
          ":tokenThen": { S: token },
          ":revisionThen": { N: String(revision) },
          ":running": { S: "running" },
          ...(isAlive && { ":aliveAt": { N: String(aliveAt) } }),
        },
      };
    }
  }
}

/** What must stand in an item's place. */
export type ItemExpected =
  /** Exactly that, a mark of a deletion as well. */
  | { readonly kind: "version"; readonly version: number }
  | { readonly kind: "nothing" }
  /** An item, none, or either; and no version that is ahead of the one which is written. */
  | { readonly kind: "present" | "absent" | "any"; readonly below: number };

/** An item's value, or the mark of its deletion. */
export function putItem(key: ItemKey, item: Attributes, expected: ItemExpected): Write {
  const place = itemKey(key);
  return { kind: "put", key: place, item: { ...keyAttributes(place), ...item }, ...standing(expected) };
}

function standing(expected: ItemExpected): { condition: string; names: Names; values: Attributes } {
  if (expected.kind === "nothing") return holding({ kind: "absent" });
  if (expected.kind === "version") return versionIs(expected.version);
  const isBelow = "(attribute_not_exists(#v) OR #v < :below)";
  const names: Names = { "#v": "v" };
  const values = { ":below": { N: String(expected.below) } };
  if (expected.kind === "any") return { condition: isBelow, names, values };
  const there = expected.kind === "present" ? "attribute_exists(#val)" : "attribute_not_exists(#val)";
  return { condition: `${there} AND ${isBelow}`, names: { ...names, "#val": "val" }, values };
}

/** Version 0 is no item, or the mark of one that was deleted. */
export function checkItem(read: ItemRead): Write {
  const holds =
    read.version === 0
      ? { condition: "attribute_not_exists(#val)", names: { "#val": "val" }, values: {} }
      : versionIs(read.version);
  return { kind: "check", key: itemKey(read), ...holds };
}

function versionIs(version: number): { condition: string; names: Names; values: Attributes } {
  return {
    condition: "#v = :versionThen",
    names: { "#v": "v" },
    values: { ":versionThen": { N: String(version) } },
  };
}

/** As every command takes it, alone or in a transaction. */
export function inputOf(write: Write, TableName: string) {
  const { key, item, update, condition, names, values } = write;
  return {
    TableName,
    ...(item ? { Item: item } : { Key: keyAttributes(key) }),
    ...(update && { UpdateExpression: update }),
    ...(condition && { ConditionExpression: condition }),
    ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
    ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const,
  };
}

export function inTransaction(write: Write, table: string): TransactWriteItem {
  const input = inputOf(write, table);
  switch (write.kind) {
    case "put":
      return { Put: input as NonNullable<TransactWriteItem["Put"]> };
    case "update":
      return { Update: input as NonNullable<TransactWriteItem["Update"]> };
    case "delete":
      return { Delete: input as NonNullable<TransactWriteItem["Delete"]> };
    case "check":
      return { ConditionCheck: input as NonNullable<TransactWriteItem["ConditionCheck"]> };
  }
}
