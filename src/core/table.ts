/**
 * A table keeps what handlers write: JSON values under a key, each with a version. Its writes are committed
 * together with the outcome of the call that made them, once or not at all.
 */

import type { Problem } from "./errors.ts";
import { configurationError } from "./errors.ts";
import type { JsonText } from "./job.ts";
import { checkOptions } from "./options.ts";
import { assertName } from "./resource.ts";
import type { Schema } from "./schema.ts";

export type Table<Row extends object = object> = {
  readonly kind: "table";
  readonly name: string;
  readonly schema: Schema<unknown, Row>;
  readonly keyOf: (row: Row) => string;
};

export type ItemKey = { readonly table: string; readonly key: string };

/** One value of a table. Versions grow and are never used twice, so that a comparison cannot be fooled. */
export type Item = ItemKey & { readonly version: number; readonly value: JsonText };

/** What must hold when the write is committed; a failed one is permanent (`409 condition-failed`). */
export type ItemCondition = "absent" | "present" | { readonly version: number };

/** A write as the engine gets it. A `problem`, where given, is what a failed condition answers. */
export type ItemWrite = ItemKey & { readonly condition?: ItemCondition; readonly problem?: Problem } & (
    | { readonly kind: "insert" | "put"; readonly value: JsonText }
    | { readonly kind: "add"; readonly fields: Readonly<Record<string, number>> }
    | { readonly kind: "delete" }
  );

/** `version` is what the handler saw; 0: there was none. It must still be so at the commit. */
export type ItemRead = ItemKey & { readonly version: number };

/**
 * @param key the member that holds a row's key (a string), or a function of the row.
 * @example `const orders = table("orders", { schema: Order, key: "orderId" });`
 */
export function table<Row extends object>(
  name: string,
  options: { readonly schema: Schema<unknown, Row>; readonly key: KeyMember<Row> | ((row: Row) => string) },
): Table<Row> {
  assertName("table", name);
  checkOptions(`table "${name}"`, options, ["schema", "key"]);
  const { schema, key } = options;
  if (schema?.["~standard"]?.version !== 1) {
    throw configurationError(
      `table "${name}".schema is no Standard Schema.`,
      "Use one of Zod 4, Valibot, ArkType or another.",
    );
  }
  if (typeof key !== "string" && typeof key !== "function") {
    throw configurationError(`table "${name}" has no key.`, 'Name the member that holds it: key: "orderId".');
  }
  return {
    kind: "table",
    name,
    schema,
    keyOf: typeof key === "function" ? key : (row) => keyIn(name, row, key),
  };
}

/** The members of a row that are strings. */
type KeyMember<Row> = { [K in keyof Row]-?: Row[K] extends string ? K : never }[keyof Row] & string;

function keyIn<Row extends object>(name: string, row: Row, member: KeyMember<Row>): string {
  const key: unknown = row[member];
  if (typeof key === "string") return key;
  throw configurationError(
    `A row of table "${name}" has no text in "${member}".`,
    "Every row needs its key.",
  );
}
