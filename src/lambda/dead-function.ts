/**
 * The function on the dead-letter queues. A message that was delivered in vain for too long says that its job cannot be
 * run: its row is ended as `failed`, so that no receipt hangs, and an operator finds it among the dead letters.
 */
import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import type { App, AppOptions } from "../app/app.ts";
import type { DeliveredEngine } from "../engines/aws/delivered.ts";
import { noticeIn } from "../engines/aws/message.ts";
import type { BatchResult } from "./batch.ts";
import type { FunctionContext } from "./complaints.ts";
import { type HandedOver, handedOver } from "./handed-over.ts";
import { FunctionHost, type Invocation, type SourceOf } from "./host.ts";
import { announceById } from "./notices.ts";
import { pusherOf } from "./pusher-of.ts";
import { messageOf, type SqsEvent, type SqsRecord } from "./sqs-event.ts";

export type DeadHandler = (event: SqsEvent, context: FunctionContext) => Promise<BatchResult>;

export function deadFunction(app: App, source: SourceOf<DeliveredEngine>): DeadHandler {
  const host = new FunctionHost(app, source, { role: "worker", pusher: pusherOf });
  return async (event, context) => {
    try {
      return await host.invoke(context, (invocation) => ended(event, invocation, app.options));
    } catch (error) {
      await host.report(error);
      throw error;
    }
  };
}

async function ended(
  event: SqsEvent,
  { engine, notices, pushes, complain, nearlyLate }: Invocation<DeliveredEngine>,
  app: AppOptions,
): Promise<BatchResult> {
  const given = new Map(event.Records.map((record) => [record, messageOf(record, [])]));
  // A call that never became a job becomes one now, so that its receipt can say how it ended.
  const handed = await handedOver(given, { app, engine });
  const messages = [...given.values()].map((message, i) => {
    const over = handed[i] as HandedOver;
    if (over.kind === "trouble") complain(over.error);
    // Its body is its caller's, who could name any job in it.
    return "message" in over ? over.message : { ...message, body: "" };
  });
  const isOver = await engine.exhausted(messages);
  const ids = messages.flatMap(({ body }, i) => (isOver[i] ? (noticeIn(body)?.id ?? []) : []));
  await announceById(ids, engine, notices).catch(complain);
  await pushes.flush(nearlyLate);
  const over = new Map(event.Records.map((record, i) => [record, isOver[i] === true]));
  const done = async (record: SqsRecord) => {
    if (!over.get(record)) throw new Error("Its row could not be ended now.");
  };
  const processor = new BatchProcessor(EventType.SQS);
  const options = { processInParallel: true, throwOnFullBatchFailure: false } as const;
  return (await processPartialResponse(event, done as never, processor, options)) as BatchResult;
}
