/** What tells the sockets of one running function; none where the template has no sockets. */
import type { RunningApp } from "../app/app.ts";
import type { Clock } from "../core/clock.ts";
import type { Engine } from "../core/engine.ts";
import { systemRandom } from "../core/random.ts";
import type { DeliveredEngine } from "../engines/aws/delivered.ts";
import { socketEndpointOf } from "./environment.ts";
import { socketGateway } from "./gateway.ts";
import { SocketPusher } from "./push.ts";

/** An engine that keeps who watches what. */
export type WatchedEngine = Engine & Pick<DeliveredEngine, "watchers" | "jobOf">;

export type PusherParts<E extends Engine> = {
  readonly engine: E;
  readonly running: RunningApp;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
};

export function pusherOf(parts: PusherParts<WatchedEngine>): SocketPusher | undefined {
  const endpoint = socketEndpointOf(process.env);
  if (endpoint === undefined) return undefined;
  const { engine, running, clock, onError } = parts;
  return new SocketPusher({
    engine,
    watchers: engine.watchers,
    gateway: socketGateway(endpoint, onError),
    texts: running.texts,
    clock,
    random: systemRandom(),
    onError,
  });
}
