/** The opens of one commit: their rows are written first, then their messages are sent together, then all are answered. */
import type { AnswerOf } from "../../core/engine.ts";
import type { JobId } from "../../core/job.ts";
import { type Opened, unopen } from "./jobs.ts";
import type { Notice } from "./message.ts";
import type { Store } from "./store.ts";

/** One request's worth: SQS takes no more at once. */
const MOST_MESSAGES = 10;

type Waiting = { readonly notice: Notice; readonly sent: (isSent: boolean) => void };

/** Calls that are told of together: in their order, as soon as the last of their rows is written. */
type Lot = { expected: number; readonly waiting: (Waiting | undefined)[] };

export class Opening {
  readonly #store: Store;
  #lot: Lot | undefined;
  #count = 0;
  /** What became of each call: another of the same commit, under the same key, may be answered by it. */
  readonly #fates = new Map<JobId, Promise<AnswerOf<"open"> | undefined>>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Called for all of them before the first row is written. */
  async answered(id: JobId, row: Promise<Opened>): Promise<AnswerOf<"open">> {
    const place = this.#count++ % MOST_MESSAGES;
    if (place === 0 || !this.#lot) this.#lot = { expected: 0, waiting: [] };
    const lot = this.#lot;
    lot.expected++;
    let opened: Opened;
    try {
      opened = await row;
      const { notice } = opened;
      if (notice) {
        const sent = new Promise<boolean>((tell) => {
          lot.waiting[place] = { notice, sent: tell };
        });
        this.#fates.set(id, this.#fate(opened, notice, sent));
      }
    } finally {
      lot.expected--;
      if (lot.expected === 0) this.#send(lot.waiting.filter((one) => one !== undefined));
    }
    return (await this.#fates.get(id)) ?? opened.answer;
  }

  #send(waiting: readonly Waiting[]): void {
    if (waiting.length === 0) return;
    void this.#store.queues.send(waiting.map(({ notice }) => notice)).then((accepted) => {
      for (const [place, { sent }] of waiting.entries()) sent(accepted[place] === true);
    });
  }

  /** Of a call that nobody would be told of: it is taken back, unless somebody has it already. */
  async #fate(
    { stamp }: Opened,
    notice: Notice,
    sent: Promise<boolean>,
  ): Promise<AnswerOf<"open"> | undefined> {
    if ((await sent) || stamp === undefined) return undefined;
    if (!(await unopen(this.#store, notice.id, stamp))) return undefined;
    return {
      kind: "refused",
      code: "storage-unavailable",
      detail: `The queue of "${notice.operation}" did not take the message of this call. Try again.`,
    };
  }
}
