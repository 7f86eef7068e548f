/** The function behind the HTTP API. */
import type { App } from "../app/app.ts";
import { deliveredAws } from "../engines/aws/index.ts";
import { type HttpHandler, httpFunction } from "./http-function.ts";
import { pusherOf } from "./pusher-of.ts";
// Loaded with the function rather than by its first call: starting is when a small one has a whole processor.
import "../door/door.ts";

export function http(app: App): HttpHandler {
  return httpFunction(app, deliveredAws(), { role: "gateway", pusher: pusherOf });
}
