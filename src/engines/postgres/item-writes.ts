/** Writes back a group's items, and what it says of settings and of operators. */

import { booleans, texts } from "./arrays.ts";
import type { Result, Transaction } from "./connection.ts";
import { statement } from "./fragments.ts";
import { nameOf, type Overlay } from "./overlay.ts";
import { stored } from "./texts.ts";

export function itemStatements(schema: string) {
  const items = `${schema}.items`;
  const versions = `'${schema.replaceAll("'", "''")}.versions'`;
  return {
    remove: statement(
      "spillway_remove_items",
      `DELETE FROM ${items} AS i USING unnest($1::text[], $2::text[]) AS named ("table", key)
      WHERE i."table" = named."table" AND i.key = named.key`,
    ),
    // Versions grow in the order of changes, whichever were there before; rows are locked in the order of keys.
    write: statement(
      "spillway_write_items",
      `WITH named AS MATERIALIZED (
        SELECT "table", key, value, there,
          CASE WHEN value IS NULL THEN 0 ELSE nextval(${versions}) END AS version
        FROM unnest($1::text[], $2::text[], $3::text[], $4::bool[]) AS named ("table", key, value, there)),
      altered AS (
        UPDATE ${items} AS i SET value = named.value, version = named.version FROM named
        WHERE named.there AND i."table" = named."table" AND i.key = named.key)
      INSERT INTO ${items} ("table", key, version, value)
      SELECT "table", key, version, value FROM named WHERE NOT there ORDER BY "table", key`,
    ),
    // What a change does not name stays as it is; a concurrency may be named to be none.
    set: statement(
      "spillway_set",
      `INSERT INTO ${schema}.settings AS s (scope, name, paused, concurrency)
      VALUES ($1, $2, coalesce($3::bool, false), $5::int)
      ON CONFLICT (scope, name) DO UPDATE SET paused = coalesce($3::bool, s.paused),
        concurrency = CASE WHEN $4::bool THEN $5::int ELSE s.concurrency END`,
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
  const held = [...overlay.absent].flatMap(([name, key]) =>
    !loaded.has(name) && overlay.itemChanges.get(name)?.value === undefined ? [key] : [],
  );
  const written = [...changes.filter(({ value }) => value !== undefined), ...held];
  const removed = [
    ...changes.filter((change) => change.value === undefined && loaded.has(nameOf(change))),
    ...held,
  ];
  const names = (rows: readonly Row[]) => [
    texts(rows.map(({ table }) => stored(table))),
    texts(rows.map(({ key }) => stored(key))),
  ];
  const sent: Promise<Result<unknown>>[] = [];
  if (written.length > 0) {
    const values = texts(written.map(({ value }: Row) => value ?? null));
    const there = booleans(written.map((row) => loaded.has(nameOf(row))));
    sent.push(transaction.run(statements.write, [...names(written), values, there]));
  }
  if (removed.length > 0) sent.push(transaction.run(statements.remove, names(removed)));
  return sent;
}

export function flushRest(
  transaction: Transaction,
  statements: ReturnType<typeof itemStatements>,
  { settings, audit }: Pick<Overlay, "settings" | "audit">,
): readonly Promise<Result<unknown>>[] {
  return [
    ...settings.map(({ scope, name, paused, concurrency }) =>
      transaction.run(statements.set, [
        ...[scope, stored(name), paused ?? null],
        ...[concurrency !== undefined, concurrency ?? null],
      ]),
    ),
    ...audit.map(({ at, by, action, target, detail }) =>
      transaction.run(statements.audit, [at, stored(by), action, stored(target), detail]),
    ),
  ];
}
