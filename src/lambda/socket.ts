/** `socket(app)`: the handler behind a WebSocket API. */
import type { App } from "../app/app.ts";
import { deliveredAws } from "../engines/aws/index.ts";
import { type SocketHandler, socketFunction } from "./socket-function.ts";
// Loaded with the function rather than by its first call: starting is when a small one has a whole processor.
import "../door/door.ts";

export function socket(app: App): SocketHandler {
  return socketFunction(app, deliveredAws());
}
