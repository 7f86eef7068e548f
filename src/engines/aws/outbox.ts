/**
 * The sweep's other half, where nobody asks for jobs: what is due, and has no message that anyone knows of, gets one.
 * Its row is put off first, so that two sweeps do not send it twice, and taken from the index once SQS has the message.
 */
import type { Job, JobId } from "../../core/job.ts";
import { OUTBOX_MS } from "./handed.ts";
import { follow } from "./jobs.ts";
import { dueUntil, endOf, WORK_SHARDS, workPartition } from "./keys.ts";
import type { Pauses } from "./pauses.ts";
import { text } from "./rows.ts";
import type { Store } from "./store.ts";
import { WORK_INDEX } from "./table-definition.ts";
import { eachInTurns } from "./turns.ts";

export class Outbox {
  readonly #store: Store;
  readonly #pauses: Pauses;
  readonly #operations: readonly string[];

  constructor(store: Store, pauses: Pauses, operations: readonly string[]) {
    this.#store = store;
    this.#pauses = pauses;
    this.#operations = operations;
  }

  /** At most so many of each operation; answers whether there may be more. What is paused waits where it is. */
  async send(most: number): Promise<boolean> {
    const paused = await this.#pauses.operations();
    const served = this.#operations.filter((operation) => !paused.has(operation));
    const mostOfShard = Math.ceil(most / WORK_SHARDS);
    const shards = (await Promise.all(served.map((operation) => this.#due(operation, mostOfShard)))).flat();
    const put = await eachInTurns(shards.flat(), (id) => this.#putOff(id));
    const jobs = put.filter((job) => job !== undefined);
    const { queues, host } = this.#store;
    const accepted = await queues.send(
      jobs.map(({ id, operation, availableAt }) => ({
        id,
        operation,
        delayMs: Math.max(0, availableAt - host.clock.now()),
      })),
    );
    await eachInTurns(jobs, (job, place) =>
      accepted[place] ? this.#rewrite(job.id, job.revision, () => ({})) : Promise.resolve(undefined),
    );
    return shards.some((ids) => ids.length >= mostOfShard);
  }

  #putOff(id: JobId): Promise<Job | undefined> {
    const due = this.#store.host.clock.now() + OUTBOX_MS;
    return this.#rewrite(id, undefined, () => ({ due }));
  }

  /** A job that waits as it was, with another way back. */
  #rewrite(id: JobId, revision: number | undefined, way: () => { due?: number }): Promise<Job | undefined> {
    return follow(
      this.#store,
      id,
      0,
      (job, row) => {
        const isAsIt = job?.status === "queued" && row?.wayBack === "due";
        if (!isAsIt || (revision !== undefined && job.revision !== revision)) return { answer: undefined };
        return { answer: job, next: job, silent: true };
      },
      way,
    );
  }

  /** Shard by shard. */
  async #due(operation: string, most: number): Promise<readonly (readonly JobId[])[]> {
    const now = this.#store.host.clock.now();
    const shards = Array.from({ length: WORK_SHARDS }, (_, shard) =>
      this.#store.database.query({
        IndexName: WORK_INDEX,
        KeyConditionExpression: "wk = :wk AND ws BETWEEN :from AND :until",
        ExpressionAttributeValues: {
          ":wk": { S: workPartition("due", shard) },
          ":from": { S: dueUntil(operation) },
          ":until": { S: dueUntil(operation, now) },
        },
        Limit: most,
      }),
    );
    const found = await Promise.all(shards);
    return found.map(({ items }) => items.map((item) => endOf(text(item, "ws") ?? "").id));
  }
}
