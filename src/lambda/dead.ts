/** The function on the dead-letter queues. */
import type { App } from "../app/app.ts";
import { deliveredAws } from "../engines/aws/index.ts";
import { type DeadHandler, deadFunction } from "./dead-function.ts";

export function dead(app: App): DeadHandler {
  return deadFunction(app, deliveredAws());
}
