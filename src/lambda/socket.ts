/** `socket(app)`: the handler behind a WebSocket API. */
import type { App } from "../app/app.ts";
import { deliveredAws } from "../engines/aws/index.ts";
import { type SocketHandler, socketFunction } from "./socket-function.ts";

export function socket(app: App): SocketHandler {
  return socketFunction(app, deliveredAws());
}
