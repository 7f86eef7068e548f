/** The function that SQS feeds. */
import type { App } from "../app/app.ts";
import { deliveredAws } from "../engines/aws/index.ts";
import { type QueueHandler, queueFunction } from "./queue-function.ts";

export function queue(app: App): QueueHandler {
  return queueFunction(app, deliveredAws());
}
