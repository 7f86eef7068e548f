/**
 * The queues of SQS, seen as notices and messages. Nothing here knows a row: a message that is lost, doubled, early
 * or late is put right by whoever asks its row.
 */
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { Clock } from "../../core/clock.ts";
import { Listener } from "./listener.ts";
import {
  entryOf,
  LONGEST_DELAY_MS,
  type Message,
  messageOf,
  type Notice,
  noticeIn,
  visibilitySeconds,
} from "./message.ts";
import { inBatches, tried } from "./sqs-batches.ts";

export type Depth = { readonly visible: number; readonly hidden: number; readonly delayed: number };

/** Ours while we ask its row: whoever polls deletes what it has claimed. A queue's own is made for functions. */
export const HELD_S = 30;
const POLL_MOST = 10;
/** Short polls at once, for a claim of many. */
const POLLS_MOST = 10;
/** What one look may find, so that there may be more where it found as much. */
export const RECEIVE_MOST = POLL_MOST * POLLS_MOST;
/** A message of another operation, found in a queue that several share; doubled each time, as it may be nobody's. */
const NOT_MINE_MS = 1_000;
const NOT_MINE_MOST_MS = 900_000;
/** The client is patient, for long polls; whoever waits for one of these is not. */
const SOON = { requestTimeout: 5_000 };
/** A message that waits is not a poison: before its deliveries are counted out it is sent anew. */
const RENEWED_AT = 10;

export class Queues {
  readonly #sqs: () => SQSClient;
  readonly #urls: Readonly<Record<string, string>>;
  readonly #clock: Clock;
  #listener: Listener | undefined;

  /** @param urls by operation; several may have the same */
  constructor(sqs: () => SQSClient, urls: Readonly<Record<string, string>>, clock: Clock) {
    this.#sqs = sqs;
    this.#urls = urls;
    this.#clock = clock;
  }

  has(operation: string): boolean {
    return this.#urls[operation] !== undefined;
  }

  /** Positional: whether SQS has it. Of one that it may have, or that has no queue: no. */
  async send(notices: readonly Notice[]): Promise<readonly boolean[]> {
    const sent = notices.map(() => false);
    const byUrl = Map.groupBy(notices.keys(), (index) => this.#urls[notices[index]?.operation ?? ""]);
    const sending = [...byUrl].map(async ([QueueUrl, indexes]) => {
      if (QueueUrl === undefined) return;
      const entries = indexes.map((index) => entryOf(notices[index] as Notice, index));
      const done = await inBatches(entries, this.#clock, (Entries) =>
        this.#sqs().send(new SendMessageBatchCommand({ QueueUrl, Entries }), SOON),
      );
      for (const id of done) sent[Number(id)] = true;
    });
    await Promise.all(sending);
    return sent;
  }

  /**
   * What is held, then one look at the queue. While a long poll hangs on it there is nothing to be seen there:
   * what comes is the poll's, and its coming is told.
   */
  async receive(operation: string, most: number): Promise<readonly Message[]> {
    const url = this.#urls[operation];
    if (url === undefined) return [];
    const held = this.#listener?.take(url, operation, most) ?? [];
    const missing = most - held.length;
    if (missing <= 0 || this.#listener?.isPolling(url)) return held;
    const polls = Math.min(Math.ceil(missing / POLL_MOST), POLLS_MOST);
    const looks = Array.from({ length: polls }, (_, index) =>
      this.#poll(url, Math.min(POLL_MOST, missing - index * POLL_MOST), 0),
    );
    const mine = (await Promise.all(looks)).flat().filter((message) => this.#isOf(operation, message));
    return [...held, ...mine];
  }

  /** Not to be delivered for so long; whether SQS will see to it. If not it comes when it would have come. */
  async hide(message: Message, ms: number): Promise<boolean> {
    const renew = message.receiveCount >= RENEWED_AT && ms <= LONGEST_DELAY_MS;
    return renew ? this.#renew(message, ms) : this.#setVisibility(message, ms);
  }

  /** Positional: whether SQS has deleted it. If not it comes again. */
  async delete(messages: readonly Message[]): Promise<readonly boolean[]> {
    const deleted = messages.map(() => false);
    const byUrl = Map.groupBy(messages.keys(), (index) => messages[index]?.queueUrl);
    const deleting = [...byUrl].map(async ([QueueUrl, indexes]) => {
      const entries = indexes.map((index) => ({
        Id: String(index),
        ReceiptHandle: messages[index]?.receiptHandle,
      }));
      const done = await inBatches(entries, this.#clock, (Entries) =>
        this.#sqs().send(new DeleteMessageBatchCommand({ QueueUrl, Entries }), SOON),
      );
      for (const id of done) deleted[Number(id)] = true;
    });
    await Promise.all(deleting);
    return deleted;
  }

  /** As SQS counts, approximately; of the whole queue, where several share it. */
  async depth(operation: string): Promise<Depth> {
    const url = this.#urls[operation];
    if (url === undefined) return { visible: 0, hidden: 0, delayed: 0 };
    const { Attributes: counts = {} } = await this.#sqs().send(
      new GetQueueAttributesCommand({
        QueueUrl: url,
        AttributeNames: [
          "ApproximateNumberOfMessages",
          "ApproximateNumberOfMessagesNotVisible",
          "ApproximateNumberOfMessagesDelayed",
        ],
      }),
    );
    return {
      visible: Number(counts.ApproximateNumberOfMessages ?? 0),
      hidden: Number(counts.ApproximateNumberOfMessagesNotVisible ?? 0),
      delayed: Number(counts.ApproximateNumberOfMessagesDelayed ?? 0),
    };
  }

  /** @param onReady is told for every message that waits for `receive` */
  listen(operations: readonly string[], onReady: (operation: string) => void): void {
    this.#listener ??= new Listener({
      clock: this.#clock,
      onReady,
      poll: (url, seconds, signal) => this.#poll(url, POLL_MOST, seconds, signal),
      leave: (message) => this.#leave(message),
      giveBack: (message) => this.#setVisibility(message, 0),
    });
    for (const operation of operations) {
      const url = this.#urls[operation];
      if (url !== undefined) this.#listener.add(url, operation);
    }
  }

  /** Stops listening, and leaves to others what was not received. */
  async close(): Promise<void> {
    await this.#listener?.close();
  }

  async #poll(
    url: string,
    most: number,
    waitSeconds: number,
    signal?: AbortSignal,
  ): Promise<readonly Message[]> {
    const { Messages = [] } = await this.#sqs().send(
      new ReceiveMessageCommand({
        QueueUrl: url,
        MaxNumberOfMessages: most,
        WaitTimeSeconds: waitSeconds,
        VisibilityTimeout: HELD_S,
        MessageSystemAttributeNames: ["All"],
      }),
      signal ? { abortSignal: signal } : {},
    );
    return Messages.map((received) => messageOf(received, url));
  }

  #isOf(operation: string, message: Message): boolean {
    const found = noticeIn(message.body)?.operation;
    if (found === operation) return true;
    if (found === undefined || !this.#listener?.keep(message, found)) this.#leave(message);
    return false;
  }

  /** What is no notice is delivered until the queue puts it aside; and so, in the end, what nobody serves. */
  #leave(message: Message): void {
    const ms = NOT_MINE_MS * 2 ** (message.receiveCount - 1);
    void this.#setVisibility(message, Math.min(ms, NOT_MINE_MOST_MS));
  }

  async #setVisibility(message: Message, ms: number): Promise<boolean> {
    const { queueUrl: QueueUrl, receiptHandle: ReceiptHandle } = message;
    const command = new ChangeMessageVisibilityCommand({
      QueueUrl,
      ReceiptHandle,
      VisibilityTimeout: visibilitySeconds(ms),
    });
    return (await tried(this.#clock, () => this.#sqs().send(command, SOON))) !== undefined;
  }

  async #renew(message: Message, ms: number): Promise<boolean> {
    const notice = noticeIn(message.body);
    if (notice === undefined) return false;
    const [sent = false] = await this.send([{ ...notice, delayMs: ms }]);
    if (sent) await this.delete([message]);
    return sent;
  }
}
