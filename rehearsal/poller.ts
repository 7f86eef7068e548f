/**
 * An event source mapping's pollers: receive, invoke, delete what the function did not say failed. Batch size,
 * window, concurrency and partial answers are the template's. More than AWS's they deliver twice, out of order and
 * too soon where those faults are on: at-least-once is what a queue promises.
 */
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { Faults } from "./faults/faults.ts";
import { type Functions, functionOf } from "./gateway/invoking.ts";
import type { Invoked, LambdaFunction } from "./lambda/function.ts";
import type { MadeQueue } from "./stores/queues.ts";
import { REGION } from "./template/resolve.ts";
import { list, members, type Resource, type Template } from "./template/template.ts";

const RECEIVE_SECONDS = 2;
const MOST_AT_A_TIME = 10;
/** As many as AWS begins with; one more with every full batch. */
const FIRST_POLLERS = 2;

export class Poller {
  readonly queue: MadeQueue;
  readonly target: LambdaFunction;
  readonly maximum: number;
  readonly counts = { batches: 0, messages: 0, failedItems: 0, deleted: 0 };
  peak = 0;
  readonly #sqs: SQSClient;
  readonly #faults: Faults;
  readonly #batchSize: number;
  readonly #windowMs: number;
  readonly #partial: boolean;
  readonly #stop = new AbortController();
  readonly #loops = new Set<Promise<void>>();
  readonly #held: Message[] = [];
  #invoking = 0;

  constructor(
    template: Template,
    mapping: Resource,
    functions: Functions,
    queues: readonly MadeQueue[],
    sqs: SQSClient,
    faults: Faults,
  ) {
    const { name, properties } = mapping;
    const queue = queues.find(({ arn }) => arn === properties["EventSourceArn"]);
    if (queue === undefined)
      throw new Error(`${name} reads ${properties["EventSourceArn"]}, which is no queue of ours.`);
    this.queue = queue;
    this.target = functionOf(functions, String(properties["FunctionName"]), name);
    const { timeoutMs } = this.target.settings;
    const visibilityMs =
      Number(template.resolver.resource(queue.name).properties["VisibilityTimeout"] ?? 30) * 1_000;
    // What AWS refuses when the mapping is made.
    if (visibilityMs < timeoutMs)
      throw new Error(`${name}: ${queue.name} hides messages for less than the function may run.`);
    this.maximum = Number(members(properties["ScalingConfig"])["MaximumConcurrency"] ?? 1_000);
    if (this.maximum < 2)
      throw new Error(`${name}: MaximumConcurrency is ${this.maximum}, and is at least 2.`);
    this.#batchSize = Number(properties["BatchSize"] ?? 10);
    this.#windowMs = Number(properties["MaximumBatchingWindowInSeconds"] ?? 0) * 1_000;
    if (this.#batchSize > 10 && this.#windowMs < 1_000)
      throw new Error(`${name}: a batch of more than 10 needs a window of at least a second.`);
    this.#partial = list(properties["FunctionResponseTypes"]).includes("ReportBatchItemFailures");
    this.#sqs = sqs;
    this.#faults = faults;
  }

  start(): void {
    for (let index = 0; index < Math.min(FIRST_POLLERS, this.maximum); index++) this.#grow();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#loops);
  }

  /** One poller: it has one invocation under way at a time, so that there are never more of those than pollers. */
  #grow(): void {
    const loop = this.#poll().finally(() => this.#loops.delete(loop));
    this.#loops.add(loop);
  }

  async #poll(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const batch = await this.#receive();
      if (batch.length === 0) continue;
      if (batch.length >= Math.min(this.#batchSize, MOST_AT_A_TIME) && this.#loops.size < this.maximum)
        this.#grow();
      await this.#deliver(batch);
    }
  }

  async #receive(): Promise<readonly Message[]> {
    const batch = await this.#ask(Math.min(this.#batchSize, MOST_AT_A_TIME), RECEIVE_SECONDS);
    const until = Date.now() + this.#windowMs;
    while (this.#windowMs > 0 && batch.length > 0 && batch.length < this.#batchSize && Date.now() < until) {
      const more = await this.#ask(Math.min(this.#batchSize - batch.length, MOST_AT_A_TIME), 1);
      if (more.length === 0) break;
      batch.push(...more);
    }
    return this.#disorder(batch);
  }

  async #ask(most: number, seconds: number): Promise<Message[]> {
    try {
      const { Messages = [] } = await this.#sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: this.queue.url,
          MaxNumberOfMessages: most,
          WaitTimeSeconds: seconds,
          MessageSystemAttributeNames: ["All"],
          MessageAttributeNames: ["All"],
        }),
        { abortSignal: this.#stop.signal },
      );
      return Messages;
    } catch (error) {
      if (this.#stop.signal.aborted) return [];
      throw error;
    }
  }

  /** Holds some back for a later batch, brings those of before, and turns the order round. */
  #disorder(batch: readonly Message[]): readonly Message[] {
    if (!this.#faults.on.has("reordered") && this.#held.length === 0) return batch;
    const now: Message[] = [];
    for (const message of batch) {
      if (this.#faults.strikes("reordered")) this.#held.push(message);
      else now.push(message);
    }
    const room = Math.max(0, this.#batchSize - now.length);
    if (now.length > 0 || batch.length === 0) now.push(...this.#held.splice(0, room));
    return now.toReversed();
  }

  async #deliver(batch: readonly Message[]): Promise<void> {
    this.counts.batches++;
    this.counts.messages += batch.length;
    const twice = batch.filter(() => this.#faults.strikes("duplicates"));
    const early = this.#expire(batch);
    this.peak = Math.max(this.peak, ++this.#invoking);
    const invoking = this.target.invoke({ Records: batch.map((message) => this.#record(message)) });
    this.#murder();
    const invoked = await invoking.finally(() => this.#invoking--);
    await early;
    await this.#settle(batch, invoked);
    // Again, as from a replica of the queue that did not hear of the deletion; within the same concurrency.
    if (twice.length === 0 || this.#stop.signal.aborted) return;
    const again = this.target.invoke({ Records: twice.map((message) => this.#record(message)) });
    await this.#settle(twice, await again);
  }

  async #settle(batch: readonly Message[], invoked: Invoked): Promise<void> {
    const failed = failures(invoked, this.#partial, batch);
    this.counts.failedItems += failed.size;
    const done = batch.filter(({ MessageId = "" }) => !failed.has(MessageId));
    this.counts.deleted += done.length;
    for (let from = 0; from < done.length; from += MOST_AT_A_TIME)
      await this.#sqs.send(
        new DeleteMessageBatchCommand({
          QueueUrl: this.queue.url,
          Entries: done
            .slice(from, from + MOST_AT_A_TIME)
            .map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle })),
        }),
      );
  }

  async #expire(batch: readonly Message[]): Promise<void> {
    for (const { ReceiptHandle } of batch) {
      if (!this.#faults.strikes("visibility")) continue;
      await this.#sqs
        .send(
          new ChangeMessageVisibilityCommand({
            QueueUrl: this.queue.url,
            ReceiptHandle,
            VisibilityTimeout: 0,
          }),
        )
        // It was deleted meanwhile.
        .catch(() => undefined);
    }
  }

  #murder(): void {
    if (!this.#faults.strikes("kills")) return;
    const victims = this.target.busy;
    const victim = victims[this.#faults.between(0, Math.max(0, victims.length - 1))];
    setTimeout(() => void victim?.kill(), this.#faults.between(1, 60)).unref();
  }

  #record({ MessageId, ReceiptHandle, Body, MD5OfBody, Attributes, MessageAttributes }: Message): unknown {
    return {
      messageId: MessageId,
      receiptHandle: ReceiptHandle,
      body: Body,
      attributes: Attributes ?? {},
      messageAttributes: Object.fromEntries(
        Object.entries(MessageAttributes ?? {}).map(([name, { StringValue, DataType }]) => [
          name,
          { stringValue: StringValue, stringListValues: [], binaryListValues: [], dataType: DataType },
        ]),
      ),
      md5OfBody: MD5OfBody,
      eventSource: "aws:sqs",
      eventSourceARN: this.queue.arn,
      awsRegion: REGION,
    };
  }
}

/** The ids of the messages that stay in the queue. All, where the function failed or answered what makes no sense. */
function failures(invoked: Invoked, partial: boolean, batch: readonly Message[]): ReadonlySet<string> {
  const all = new Set(batch.map(({ MessageId = "" }) => MessageId));
  if (invoked.kind !== "answered") return all;
  if (!partial) return new Set();
  try {
    const answer = JSON.parse(invoked.payload) as {
      batchItemFailures?: { itemIdentifier?: unknown }[] | null;
    } | null;
    const ids = (answer?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier);
    const isKnown = (id: unknown): id is string => typeof id === "string" && all.has(id);
    return ids.every(isKnown) ? new Set(ids) : all;
  } catch {
    return all;
  }
}

export function pollersOf(
  template: Template,
  functions: Functions,
  queues: readonly MadeQueue[],
  sqs: SQSClient,
  faults: Faults,
): readonly Poller[] {
  return template
    .all("AWS::Lambda::EventSourceMapping")
    .filter(({ properties }) => properties["Enabled"] !== false)
    .map((mapping) => new Poller(template, mapping, functions, queues, sqs, faults));
}
