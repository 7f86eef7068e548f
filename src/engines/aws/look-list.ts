/**
 * Which connections the sweep is to look at: those that follow something, soon after they asked and then less and less
 * often. So every final state has a way to whoever follows it, although a push may be lost with its process.
 */
import { WORK_INDEX } from "./table-definition.ts";
import {
  lookPartition,
  lookPartitions,
  moment,
  number,
  type Row,
  type SocketRow,
  socketKey,
  socketPartition,
} from "./watch-rows.ts";
import type { WatchTable } from "./watch-table.ts";

const FIRST_LOOK_MS = 60_000;
const LAST_LOOK_MS = 10 * 60_000;
const LONGEST_FRAME_MS = 30_000;

export class LookList {
  readonly #table: WatchTable;
  readonly #read: (connection: string) => Promise<SocketRow | undefined>;

  constructor(table: WatchTable, read: (connection: string) => Promise<SocketRow | undefined>) {
    this.#table = table;
    this.#read = read;
  }

  /**
   * The sweep is to look whether it was told all. What the caller has read of the row may be as old as one frame
   * takes, and the sweep may just be about to look for the last time: then the row is changed, so that it does not.
   */
  async soon(socket: SocketRow, inMs = FIRST_LOOK_MS): Promise<void> {
    const now = this.#table.clock.now();
    const { lookAt } = socket;
    if (lookAt === undefined || lookAt > now + inMs + FIRST_LOOK_MS) {
      if (await this.#look(socket, now + inMs, FIRST_LOOK_MS)) return;
    } else if (lookAt > now + LONGEST_FRAME_MS || (await this.#look(socket, lookAt + 1, socket.lookMs)))
      return;
    const again = await this.#read(socket.connection);
    if (again) await this.#look(again, now + inMs, FIRST_LOOK_MS);
  }

  /** The sweep has looked: again later, or no more. */
  async looked(socket: SocketRow, again: boolean): Promise<void> {
    const lookMs = Math.min(LAST_LOOK_MS, Math.max(FIRST_LOOK_MS, socket.lookMs * 2));
    await this.#look(socket, again ? this.#table.clock.now() + lookMs : undefined, lookMs);
  }

  /** Connections that the sweep is to look at now, the longest due first in each partition. */
  async due(most: number): Promise<readonly string[]> {
    const now = moment(this.#table.clock.now());
    const partitions = lookPartitions();
    const found = await Promise.all(
      partitions.map((partition) =>
        this.#table.query(
          {
            IndexName: WORK_INDEX,
            KeyConditionExpression: "wk = :wk AND ws <= :now",
            ExpressionAttributeValues: { ":wk": { S: partition }, ":now": { S: now } },
          },
          Math.ceil(most / partitions.length),
        ),
      ),
    );
    return found.flat().map(({ pk }) => (pk?.S ?? "").slice(socketPartition("").length));
  }

  /** Whether it is decided now: not if another has meanwhile, or the connection is there no more. */
  async #look({ connection, lookAt }: SocketRow, at: number | undefined, lookMs: number): Promise<boolean> {
    const as = lookAt === undefined ? "attribute_not_exists(ws)" : "ws = :as";
    const to = at === undefined ? "REMOVE wk, ws, lm" : "SET wk = :wk, ws = :ws, lm = :lm";
    const values: Row = {
      ...(lookAt !== undefined && { ":as": { S: moment(lookAt) } }),
      ...(at !== undefined && {
        ":wk": { S: lookPartition(connection) },
        ":ws": { S: moment(at) },
        ":lm": number(lookMs),
      }),
    };
    const row = await this.#table.update(socketKey(connection), to, `attribute_exists(pk) AND ${as}`, values);
    return row !== undefined;
  }
}
