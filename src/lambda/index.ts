/** `spillway/lambda`: an app as functions of AWS Lambda. Bundled one by one: see `spillway synth`. */
import type { App } from "../app/app.ts";
import { authorizer } from "./authorizer.ts";
import { dead } from "./dead.ts";
import { events } from "./events.ts";
import { http } from "./http.ts";
import { queue } from "./queue.ts";
import { socket } from "./socket.ts";
import { status } from "./status.ts";
import { sweep } from "./sweep.ts";

export type { AuthorizerHandler } from "./authorizer.ts";
export type { DeadHandler } from "./dead-function.ts";
export type { HttpHandler } from "./http-function.ts";
export type { QueueHandler } from "./queue-function.ts";
export type { SocketHandler } from "./socket-function.ts";
export type { SweepHandler } from "./sweep-function.ts";
export { authorizer, dead, events, http, queue, socket, status, sweep };

/** All of them, for whoever bundles by hand. Each starts the app for itself, when it is first called. */
export function lambdaHandlers(app: App) {
  return {
    http: http(app),
    events: events(app),
    status: status(app),
    queue: queue(app),
    dead: dead(app),
    socket: socket(app),
    sweep: sweep(app),
    authorizer: authorizer(app),
  };
}
