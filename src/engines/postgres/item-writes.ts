/** Writes back a group's items, and what it says of settings and of operators. */

import { texts } from "./arrays.ts";
import type { Result, Transaction } from "./connection.ts";
import { statement } from "./fragments.ts";
import { nameOf, type Overlay } from "./overlay.ts";
import { stored } from "./texts.ts";

export function itemStatements(schema: string) {
  const items = `${schema}.items`;
  return {
    remove: statement(
      "spillway_remove_items",
      `DELETE FROM ${items} AS i USING unnest($1::text[], $2::text[]) AS named ("table", key)
      WHERE i."table" = named."table" AND i.key = named.key`,
    ),
    alter: statement(
      "spillway_alter_items",
      `UPDATE ${items} AS i SET value = named.value, version = nextval('${schema}.versions')
      FROM unnest($1::text[], $2::text[], $3::text[]) AS named ("table", key, value)
      WHERE i."table" = named."table" AND i.key = named.key`,
    ),
    insert: statement(
      "spillway_insert_items",
      `INSERT INTO ${items} ("table", key, version, value)
      SELECT named."table", named.key, nextval('${schema}.versions'), named.value
      FROM unnest($1::text[], $2::text[], $3::text[]) AS named ("table", key, value)`,
    ),
    set: statement(
      "spillway_set",
      `INSERT INTO ${schema}.settings (scope, name, paused, concurrency) VALUES ($1, $2, $3, $4)
      ON CONFLICT (scope, name) DO UPDATE SET paused = excluded.paused, concurrency = excluded.concurrency`,
    ),
    audit: statement(
      "spillway_audit",
      `INSERT INTO ${schema}.audit (at, "by", action, target, detail) VALUES ($1, $2, $3, $4, $5)`,
    ),
  };
}

type Row = { readonly table: string; readonly key: string; readonly value?: string | undefined };

/**
 * An absent item that was relied on is held by a row without a value until the end of the transaction: whoever would
 * put it there waits, and then decides anew. Nobody ever sees such a row.
 *
 * @param loaded those that were there when the group began
 */
export function flushItems(
  transaction: Transaction,
  statements: ReturnType<typeof itemStatements>,
  overlay: Overlay,
  loaded: ReadonlySet<string>,
): readonly Promise<Result<unknown>>[] {
  const changes = [...overlay.itemChanges.values()];
  const was = (row: Row) => loaded.has(nameOf(row));
  const held = [...overlay.absent].flatMap(([name, key]) =>
    !loaded.has(name) && overlay.itemChanges.get(name)?.value === undefined ? [key] : [],
  );
  const removed = changes.filter((change) => change.value === undefined && was(change));
  const altered = changes.filter((change) => change.value !== undefined && was(change));
  const inserted = changes.filter((change) => change.value !== undefined && !was(change));
  const sent: Promise<Result<unknown>>[] = [];
  const send = (one: "remove" | "alter" | "insert", rows: readonly Row[]) => {
    if (rows.length === 0) return;
    const names = [texts(rows.map(({ table }) => stored(table))), texts(rows.map(({ key }) => stored(key)))];
    const values = one === "remove" ? [] : [texts(rows.map(({ value }) => value ?? null))];
    sent.push(transaction.run(statements[one], [...names, ...values]));
  };
  send("insert", [...inserted, ...held].sort(byName));
  send("remove", [...removed, ...held]);
  send("alter", altered);
  return sent;
}

/** In one order for all, so that two groups which insert the same ones never wait for each other. */
function byName(one: Row, other: Row): number {
  const [left, right] = [nameOf(one), nameOf(other)];
  return left < right ? -1 : left > right ? 1 : 0;
}

export function flushRest(
  transaction: Transaction,
  statements: ReturnType<typeof itemStatements>,
  { settings, audit }: Pick<Overlay, "settings" | "audit">,
): readonly Promise<Result<unknown>>[] {
  return [
    ...settings.map(({ scope, name, paused, concurrency }) =>
      transaction.run(statements.set, [scope, stored(name), paused, concurrency]),
    ),
    ...audit.map(({ at, by, action, target, detail }) =>
      transaction.run(statements.audit, [at, stored(by), action, stored(target), detail]),
    ),
  ];
}
