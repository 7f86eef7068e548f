/**
 * Rows of sockets: one for each connection, one beside it for each receipt that it follows, and for whoever changes a
 * job one under the receipt, or the principal, for each connection that is to be told. None outlives a connection.
 */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { TTL_ATTRIBUTE } from "./table-definition.ts";

export type Row = Readonly<Record<string, AttributeValue>>;
export type Key = { readonly pk: { readonly S: string }; readonly sk: { readonly S: string } };

const SOCKET_SORT = "socket";
export const RECEIPT_SORT = "receipt#";

/** A connection lives for 2 hours at most; what a lost goodbye leaves is over soon after. */
export const SOCKET_MS = 130 * 60_000;

export const socketPartition = (connection: string): string => `socket#${connection}`;
export const receiptPartition = (receipt: string): string => `watch#receipt#${receipt}`;
export const principalPartition = (principal: string): string => `watch#principal#${principal}`;

export const socketKey = (connection: string): Key => keyOf(socketPartition(connection), SOCKET_SORT);
export const followedKey = (connection: string, receipt: string): Key =>
  keyOf(socketPartition(connection), RECEIPT_SORT + receipt);
/** `job`: the one that is to change, which the receipt may not bear the name of. */
export const watchKey = (receipt: string, connection: string, job = receipt): Key =>
  keyOf(receiptPartition(job), job === receipt ? connection : `${connection}#${receipt}`);
export const mineKey = (principal: string, connection: string): Key =>
  keyOf(principalPartition(principal), connection);

/** Who is told, until when: by its token (`u`), and because nothing of a socket is kept longer (`x`). */
export type Watcher = {
  readonly connection: string;
  readonly principal: string;
  readonly tokenUntil?: number;
  readonly until: number;
  /** As it is known there, if that is not the id of the job that is watched. */
  readonly receipt?: string;
};

/** `lookAt`: when the sweep asks whether it was told all; `lookMs`: how long it waited for that. */
export type SocketRow = Watcher & {
  readonly mine: boolean;
  readonly lookAt?: number;
  readonly lookMs: number;
};

/** Without its key. */
export function watcherRow({ principal, tokenUntil, until }: Watcher): Row {
  return {
    p: { S: principal },
    ...(tokenUntil !== undefined && { u: number(tokenUntil) }),
    x: number(until),
    [TTL_ATTRIBUTE]: number(Math.ceil(until / 1_000)),
  };
}

/** `name`: the connection, and the receipt by which it knows the job, if that is not the job's id. */
export function watcherOf(row: Row, name: string): Watcher {
  const tokenUntil = row["u"]?.N;
  const [connection = "", receipt] = name.split("#");
  return {
    connection,
    principal: row["p"]?.S ?? "",
    ...(tokenUntil !== undefined && { tokenUntil: Number(tokenUntil) }),
    until: Number(row["x"]?.N ?? 0),
    ...(receipt !== undefined && { receipt }),
  };
}

export function socketRowOf(row: Row, connection: string): SocketRow {
  const lookAt = row["ws"]?.S;
  return {
    ...watcherOf(row, connection),
    mine: row["m"]?.BOOL === true,
    ...(lookAt !== undefined && { lookAt: Number(lookAt) }),
    lookMs: Number(row["lm"]?.N ?? 0),
  };
}

const LOOK_SHARDS = 4;

/** Partitions of the index in which the sweep finds connections; several, so that none grows hot. */
export const lookPartitions = (): readonly string[] =>
  Array.from({ length: LOOK_SHARDS }, (_, shard) => `sockets#${shard}`);

export function lookPartition(connection: string): string {
  let sum = 0;
  for (let i = 0; i < connection.length; i++) sum += connection.charCodeAt(i);
  return `sockets#${sum % LOOK_SHARDS}`;
}

/** Moments of one length, so that they sort as text. */
export const moment = (ms: number): string => String(Math.max(0, Math.round(ms))).padStart(15, "0");

export const number = (value: number): AttributeValue => ({ N: String(value) });

function keyOf(pk: string, sk: string): Key {
  return { pk: { S: pk }, sk: { S: sk } };
}
