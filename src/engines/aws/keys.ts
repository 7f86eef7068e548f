/** Where things lie: the keys of the table and of its indexes. Times and sequences are padded, so that text sorts as they do. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { JobId } from "../../core/job.ts";
import type { ItemKey } from "../../core/table.ts";

export type Key = { readonly pk: string; readonly sk: string };

/** Partitions of each kind, so that none takes more than its share of the writes. */
export const WORK_SHARDS = 8;
export const LIST_SHARDS = 16;
export const ITEM_SHARDS = 8;

const NUMBER_DIGITS = 16;
/** No name has it, and it sorts before all that one may hold. */
const BETWEEN = "\n";

export function keyAttributes({ pk, sk }: Key): Record<string, AttributeValue> {
  return { pk: { S: pk }, sk: { S: sk } };
}

export const SECRET: Key = { pk: "secret", sk: "secret" };
export const SETTINGS = "settings";
export const AUDIT = "audit";

export function jobKey(id: JobId): Key {
  return { pk: `job#${id}`, sk: "job" };
}

export function itemKey({ table, key }: ItemKey): Key {
  return { pk: itemPartition(table, shardOf(key, ITEM_SHARDS)), sk: itemSort(key) };
}

export function itemPartition(table: string, shard: number): string {
  return `item#${table}#${shard}`;
}

/** A key may be empty, but no sort key may. */
export function itemSort(key: string): string {
  return `k${key}`;
}

export function keyOfItem(sk: string): string {
  return sk.slice(1);
}

export function padded(number: number): string {
  return String(number).padStart(NUMBER_DIGITS, "0");
}

export type WorkKind = "due" | "lease" | "failed";

export function workPartition(kind: WorkKind, shard: number): string {
  return `${kind}#${shard}`;
}

export function workShardOf(id: JobId): number {
  return shardOf(id, WORK_SHARDS);
}

/** Of one operation, by when they are due. */
export function dueSort(operation: string, at: number, id: JobId): string {
  return [operation, padded(at), id].join(BETWEEN);
}

/** Before all that is due later; without a time, before all of the operation. */
export function dueUntil(operation: string, at?: number): string {
  return at === undefined ? operation + BETWEEN : [operation, padded(at + 1)].join(BETWEEN);
}

export function leaseSort(until: number, id: JobId): string {
  return [padded(until), id].join(BETWEEN);
}

export function leaseUntil(at: number): string {
  return padded(at + 1);
}

/** The code is cut: it may be of any length, a key may not. It stands whole beside it. */
export function failedSort(operation: string, code: string, at: number, id: JobId): string {
  return [operation, code.slice(0, 100), padded(at), id].join(BETWEEN);
}

/** The moment and the id at the end of what the three above make. */
export function endOf(sort: string): { readonly at: number; readonly id: JobId } {
  const parts = sort.split(BETWEEN);
  return { at: Number(parts.at(-2)), id: parts.at(-1) ?? "" };
}

export function listPartition(shard: number): string {
  return `list#${shard}`;
}

export function listKeys(id: JobId, sequence: number): { readonly lk: string; readonly ls: string } {
  return { lk: listPartition(shardOf(id, LIST_SHARDS)), ls: `${padded(sequence)}-${id}` };
}

export function changesPartition(principal: string): string {
  return `of#${principal}`;
}

export function changeSort(position: number, id: JobId): string {
  return `${padded(position)}-${id}`;
}

/** FNV-1a: even enough for what is random or numbered, and the same in every version. */
export function shardOf(text: string, shards: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % shards;
}
