/** The function behind a function URL that streams receipts. */
import type { App } from "../app/app.ts";
import { deliveredAws } from "../engines/aws/index.ts";
import { eventsFunction } from "./events-function.ts";
// Loaded with the function rather than by its first call: starting is when a small one has a whole processor.
import "../door/door.ts";

export function events(app: App): unknown {
  return eventsFunction(app, deliveredAws());
}
