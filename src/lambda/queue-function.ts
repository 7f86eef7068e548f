/** The function that SQS feeds: runs what is queued. */
import type { App } from "../app/app.ts";
import type { DeliveredEngine } from "../engines/aws/delivered.ts";
import { Batch, type BatchResult } from "./batch.ts";
import type { FunctionContext } from "./complaints.ts";
import { queueUrlsOf } from "./environment.ts";
import { FunctionHost, type SourceOf } from "./host.ts";
import { pusherOf } from "./pusher-of.ts";
import type { SqsEvent } from "./sqs-event.ts";

export type QueueHandler = (event: SqsEvent, context: FunctionContext) => Promise<BatchResult>;

export function queueFunction(app: App, source: SourceOf<DeliveredEngine>): QueueHandler {
  const host = new FunctionHost(app, source, { role: "worker", pusher: pusherOf, measured: true });
  return async (event, context) => {
    try {
      return await host.invoke(context, async (invocation) => {
        const { deliveries } = invocation.running;
        if (!deliveries) throw new RangeError("A queue's function without an engine.");
        return new Batch(event, invocation, deliveries, app.options, queueUrlsOf(process.env)).run();
      });
    } catch (error) {
      // Every message comes again, and the queue's pollers slow down, as they should.
      await host.report(error);
      throw error;
    }
  };
}
