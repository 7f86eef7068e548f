/**
 * Keeps the order of commits when a store moves to another cluster, or a standby that had not heard all takes over: ids
 * of transactions begin anew there, or are given again, and what is committed from then on must still stand behind all
 * that came along, and behind every cursor that was given. So `store` has an offset which is added to them.
 */
import type { Connections } from "./connection.ts";
import { sqlState } from "./failures.ts";

/** More than a cluster begins in its life: 17 million million, 50 years of 10,000 a second. */
const LEAP = 2 ** 44;
/** Of a store's newest jobs, which tell whether it has moved where a server does not say which cluster it is. */
const LOOKED_AT = 1_000;

/** Of the transaction that asks; a job's row has it as its `change`. */
export function changeIn(schema: string): string {
  return `(SELECT pg_current_xact_id()::text::bigint + xid_offset FROM ${schema}.store)`;
}

/** Before anything is written, whenever a store is opened, and where the way to it may lead elsewhere now. */
export async function alignOrder(connections: Connections, schema: string): Promise<void> {
  const id = (await clusterOf(connections)) ?? "";
  const text = `SELECT system_id FROM ${schema}.store`;
  const [[known] = [""]] = await connections.read<readonly [string]>({ text });
  if (known === id && id !== "") return;
  const hasMoved = (known !== "" && id !== "") || (await isAhead(connections, schema));
  if (!hasMoved && id === "") return;
  // Of nodes that open at once, one does it.
  const moved = {
    text: `UPDATE ${schema}.store SET system_id = $1, xid_offset = xid_offset + $2::bigint WHERE system_id = $3`,
  };
  await connections.transaction((transaction) =>
    transaction.run(moved, [id === "" ? known : id, hasMoved ? LEAP : 0, known]),
  );
}

/** Which one, and which of its lives. Undefined: some who run databases for others let nobody ask. */
async function clusterOf(connections: Connections): Promise<string | undefined> {
  try {
    // Each refusal would be a line in the server's log.
    const may = "SELECT has_function_privilege('pg_control_system()', 'EXECUTE') AND NOT pg_is_in_recovery()";
    const [[isAllowed = false] = []] = await connections.read<readonly [boolean]>({ text: may });
    if (!isAllowed) return undefined;
    const text = `SELECT system_identifier || '.' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
      FROM pg_control_system()`;
    const [row] = await connections.read<readonly [string]>({ text });
    return row?.[0];
  } catch (error) {
    if (sqlState(error) === undefined) throw error;
    return undefined;
  }
}

/** Whether there are changes that this cluster has not come to yet. */
async function isAhead(connections: Connections, schema: string): Promise<boolean> {
  const text = `SELECT coalesce(bool_or(greatest(l.change, o.change) >=
      pg_snapshot_xmax(pg_current_snapshot())::text::bigint + xid_offset), false)
    FROM ${schema}.store,
      (SELECT id FROM ${schema}.jobs ORDER BY sequence DESC LIMIT ${LOOKED_AT}) AS newest
      LEFT JOIN ${schema}.live AS l ON l.id = newest.id LEFT JOIN ${schema}.outcomes AS o ON o.id = newest.id`;
  const [row] = await connections.read<readonly [boolean]>({ text });
  return row?.[0] === true;
}
