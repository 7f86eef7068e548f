/**
 * One delivery of messages: their rows are claimed together, so many jobs are run at once, and each message is deleted,
 * hidden or left as its row says. Powertools tells SQS which are not done with.
 */
import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import type { AppOptions } from "../app/app.ts";
import type { Claim } from "../core/engine.ts";
import { SpillwayError } from "../core/errors.ts";
import type { Delivered, DeliveredEngine } from "../engines/aws/delivered.ts";
import type { Message } from "../engines/aws/message.ts";
import { noticeIn } from "../engines/aws/message.ts";
import type { Deliveries } from "../worker/deliveries.ts";
import { type HandedOver, handedOver } from "./handed-over.ts";
import type { Invocation } from "./host.ts";
import { announceById } from "./notices.ts";
import { messageOf, type SqsEvent, type SqsRecord } from "./sqs-event.ts";

export type BatchResult = { batchItemFailures: { itemIdentifier: string }[] };

/** Of a call that has no job yet. */
type Waiting = { readonly kind: "waiting"; readonly hideMs: number };

/** After fewer deliveries than this the engine hides a message; later it sends another in its place. */
const HIDDEN_AS_IT_IS = 8;
/** As often as a cancel from elsewhere is heard of. */
const EXTEND_MS = 10_000;

export class Batch {
  readonly #event: SqsEvent;
  readonly #invocation: Invocation<DeliveredEngine>;
  readonly #deliveries: Deliveries;
  readonly #app: AppOptions;
  /** Those of calls that became jobs here are notices of them from then on. */
  readonly #messages: Map<SqsRecord, Message>;
  readonly #delivered = new Map<SqsRecord, Delivered | Waiting>();

  constructor(
    event: SqsEvent,
    invocation: Invocation<DeliveredEngine>,
    deliveries: Deliveries,
    app: AppOptions,
    urls: readonly string[],
  ) {
    this.#event = event;
    this.#invocation = invocation;
    this.#deliveries = deliveries;
    this.#app = app;
    this.#messages = new Map(event.Records.map((record) => [record, messageOf(record, urls)]));
  }

  /** Rejects only if the store could not be asked at all: then every message comes again. */
  async run(): Promise<BatchResult> {
    const { leaseMs, pushes, complain, nearlyLate } = this.#invocation;
    pushes.begin();
    await this.#deliver();
    const alive = setInterval(() => void this.#deliveries.extend(leaseMs()).catch(complain), EXTEND_MS);
    try {
      const processor = new BatchProcessor(EventType.SQS);
      const done = (record: SqsRecord) => this.#done(record);
      const options = { processInParallel: true, throwOnFullBatchFailure: false } as const;
      const result = await processPartialResponse(this.#event, done as never, processor, options);
      // It would go on with the next batch, and be one more than may run at once.
      await Promise.race([this.#deliveries.ended(), nearlyLate]);
      return result as BatchResult;
    } finally {
      clearInterval(alive);
      await pushes.flush(nearlyLate);
    }
  }

  async #deliver(): Promise<void> {
    const { engine, leaseMs, complain } = this.#invocation;
    const handed = await handedOver(this.#messages, { app: this.#app, engine });
    const notices: SqsRecord[] = [];
    for (const [i, record] of [...this.#messages.keys()].entries()) {
      const over = handed[i] as HandedOver;
      if ("message" in over) this.#messages.set(record, over.message);
      if (over.kind === "trouble") complain(over.error);
      if (over.kind === "notice") notices.push(record);
      else if (over.kind === "over") this.#delivered.set(record, { kind: "over" });
      else this.#delivered.set(record, { kind: "waiting", hideMs: over.kind === "waits" ? over.hideMs : 0 });
    }
    const messages = notices.map((record) => this.#messages.get(record) as Message);
    const delivered = messages.length > 0 ? await engine.deliver(messages, leaseMs()) : [];
    for (const [i, record] of notices.entries()) this.#delivered.set(record, delivered[i] as Delivered);
  }

  /** Throws where the message must not be deleted. */
  async #done(record: SqsRecord): Promise<void> {
    const message = this.#messages.get(record) as Message;
    const delivered = this.#delivered.get(record) as Delivered | Waiting;
    switch (delivered.kind) {
      case "over":
        return this.#tellAgain(message);
      case "later":
        return this.#hide(message, delivered.hideMs);
      case "waiting":
        return this.#wait(message, delivered.hideMs);
      case "malformed":
        throw this.#malformed(message, delivered.detail);
      case "claimed":
        return this.#run(delivered.claim, message);
    }
  }

  async #run(claim: Claim, message: Message): Promise<void> {
    const { engine, nearlyLate } = this.#invocation;
    await Promise.race([this.#deliveries.run(claim), nearlyLate]);
    const fate = engine.fateOf(claim.lease);
    if (fate.kind === "hide") return this.#hide(message, fate.ms);
    if (fate.kind === "leave")
      throw new NotDone("It was not settled; it comes again when its lease is over.");
  }

  /** What ended it may have been stopped before it had told those who watch. */
  async #tellAgain({ body }: Message): Promise<void> {
    const { engine, notices, complain } = this.#invocation;
    const notice = noticeIn(body);
    if (notice) await announceById([notice.id], engine, notices).catch(complain);
  }

  async #hide(message: Message, ms: number): Promise<never> {
    const hidden = await this.#invocation.engine.hide(message, ms);
    throw new NotDone(
      hidden ? `It is to come in ${ms} ms.` : "It could not be hidden, and comes when it would have.",
    );
  }

  /** All there is of its call is the message, which must stay the very same: so it is not sent anew to be hidden on. */
  async #wait(message: Message, ms: number): Promise<never> {
    if (ms > 0 && message.receiveCount < HIDDEN_AS_IT_IS) return this.#hide(message, ms);
    throw new NotDone("It has no job yet, and comes when it would have.");
  }

  #malformed({ messageId }: Message, detail: string): Error {
    const error = new SpillwayError(
      "malformed-request",
      `Message ${messageId} is none of Spillway's: ${detail} It goes to the dead letters.`,
    );
    this.#invocation.complain(error);
    return error;
  }
}

/** Tells Powertools, and nobody else, that a message is to stay. */
class NotDone extends Error {
  override readonly name = "NotDone";
}
