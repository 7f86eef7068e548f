/** The opens of one commit: their rows are written first, then their messages are sent together, then all are answered. */
import type { AnswerOf } from "../../core/engine.ts";
import type { JobId } from "../../core/job.ts";
import { type Opened, unopen } from "./jobs.ts";
import type { Notice } from "./message.ts";
import type { Store } from "./store.ts";

/** One request's worth: SQS takes no more at once. */
const MOST_MESSAGES = 10;

type Waiting = { readonly notice: Notice; readonly sent: (isSent: boolean) => void };

export class Opening {
  readonly #store: Store;
  #expected = 0;
  #waiting: Waiting[] = [];
  /** What became of each call: another of the same commit, under the same key, may be answered by it. */
  readonly #fates = new Map<JobId, Promise<AnswerOf<"open"> | undefined>>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Called for all of them before the first row is written. */
  async answered(id: JobId, row: Promise<Opened>): Promise<AnswerOf<"open">> {
    this.#expected++;
    let opened: Opened;
    let sent: Promise<boolean> | undefined;
    try {
      opened = await row;
      const { notice } = opened;
      if (notice) {
        sent = new Promise((tell) => this.#waiting.push({ notice, sent: tell }));
        this.#fates.set(id, this.#fate(opened, notice, sent));
      }
    } finally {
      this.#expected--;
      if (this.#expected === 0 || this.#waiting.length >= MOST_MESSAGES) this.#send();
    }
    return (await this.#fates.get(id)) ?? opened.answer;
  }

  #send(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
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
