/**
 * Receipts that are named after the message that brought their call, because a gateway answered before anybody knew
 * the job's id. Without a key the message's id is the job's; under a key, the name leads to the job of that key.
 */
import type { Answer, Change, Ref } from "../../core/engine.ts";
import type { Job, JobId, JobRecord } from "../../core/job.ts";
import type { Database } from "./database.ts";
import { jobKey, type Key, keyAttributes } from "./keys.ts";
import { type Attributes, number, seconds, text } from "./rows.ts";
import { TTL_ATTRIBUTE } from "./table-definition.ts";

const MESSAGE_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What is asked for by another name than its own. */
export type Named = { readonly id: JobId; readonly acceptedAt: number };

export class ReceiptNames {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** From now on the receipt is this job's. The name is of no use longer than the job is there. */
  async give(receipt: JobId, { id, acceptedAt }: Job, until: number): Promise<void> {
    const key = nameKey(receipt);
    const item: Attributes = {
      ...keyAttributes(key),
      k: { S: id },
      ac: { N: String(acceptedAt) },
      [TTL_ATTRIBUTE]: seconds(until),
    };
    await this.#database.write([{ kind: "put", key, item, names: {}, values: {} }]);
  }

  /** Positional; `undefined` where the name is nobody's. Asks nothing for ids that are no message's. */
  async named(receipts: readonly JobId[]): Promise<readonly (Named | undefined)[]> {
    const asked = receipts.filter(isMessageId);
    if (asked.length === 0) return receipts.map(() => undefined);
    const rows = await this.#database.get(asked.map(nameKey));
    const found = new Map(asked.map((receipt, place) => [receipt, namedBy(rows[place])]));
    return receipts.map((receipt) => found.get(receipt));
  }

  /** Records that were not found by their ids, by their names; in the places of `refs`. */
  async filledIn(
    refs: readonly Ref[],
    records: readonly (JobRecord | undefined)[],
    find: (refs: readonly Ref[]) => Promise<readonly (JobRecord | undefined)[]>,
  ): Promise<readonly (JobRecord | undefined)[]> {
    const missing = refs.filter(({ id }, place) => records[place] === undefined && isMessageId(id));
    if (missing.length === 0) return records;
    const names = await this.named(missing.map(({ id }) => id));
    const jobs = await find(
      missing.map(({ principal }, place) => ({ id: names[place]?.id ?? "", principal })),
    );
    const byName = new Map(
      missing.map((ref, place) => [ref, underName(ref.id, names[place], jobs[place])] as const),
    );
    return refs.map((ref, place) => records[place] ?? byName.get(ref));
  }
}

export function isMessageId(id: JobId): boolean {
  return MESSAGE_ID.test(id);
}

/** Whoever asks may not know it by its id, so all that is said of it bears the name. */
function underName(
  receipt: JobId,
  name: Named | undefined,
  job: JobRecord | undefined,
): JobRecord | undefined {
  // A key may have been used again, long after the job that the name was given to was pruned.
  if (!job || job.acceptedAt !== name?.acceptedAt) return undefined;
  const first = job.details.receipt ?? job.id;
  const details = first === receipt ? job.details : { ...job.details, duplicateOf: first };
  return { ...job, id: receipt, listed: true, details };
}

/** A wish to cancel may name a receipt, and is answered by the job under that name. */
export async function byNames(
  group: readonly Change[],
  names: ReceiptNames,
  commit: (group: readonly Change[]) => Promise<readonly Answer[]>,
): Promise<readonly Answer[]> {
  const wished = group.map((change) => (change.kind === "cancel" ? change.ref.id : ""));
  if (!wished.some(isMessageId)) return commit(group);
  const named = await names.named(wished);
  const answers = await commit(
    group.map((change, place) => {
      const name = named[place];
      if (change.kind !== "cancel" || !name) return change;
      return { ...change, ref: { ...change.ref, id: name.id } };
    }),
  );
  return answers.map((answer, place) => {
    const isNamed = named[place] !== undefined && "job" in answer && answer.job !== undefined;
    return isNamed ? { ...answer, job: { ...answer.job, id: wished[place] as JobId } } : answer;
  }) as readonly Answer[];
}

function nameKey(receipt: JobId): Key {
  return { pk: jobKey(receipt).pk, sk: "name" };
}

function namedBy(row: Attributes | undefined): Named | undefined {
  const id = row && text(row, "k");
  return row && id !== undefined ? { id, acceptedAt: number(row, "ac") ?? 0 } : undefined;
}
