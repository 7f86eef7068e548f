/** The function that shows receipts and does nothing else: its role need only read the table. */
import type { App } from "../app/app.ts";
import { deliveredAws } from "../engines/aws/index.ts";
import { type HttpHandler, httpFunction } from "./http-function.ts";
// Loaded with the function rather than by its first call: starting is when a small one has a whole processor.
import "../door/door.ts";

export function status(app: App): HttpHandler {
  return httpFunction(app, deliveredAws(), { role: "status" });
}
