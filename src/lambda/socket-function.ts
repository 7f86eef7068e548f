/**
 * The function behind a WebSocket API: who may connect, what each frame is answered, and who is gone. It keeps no
 * connection: what one follows stands in the table, and all that it is sent goes through the management API.
 */
import type { App } from "../app/app.ts";
import { systemClock } from "../core/clock.ts";
import { configurationError } from "../core/errors.ts";
import type { OnError } from "../core/runtime.ts";
import type { Reply } from "../door/exchange.ts";
import { frames, readFrame } from "../door/socket/frames.ts";
import type { FunctionContext } from "./complaints.ts";
import { socketEndpointOf } from "./environment.ts";
import { farSocket } from "./far-socket.ts";
import { socketGateway } from "./gateway.ts";
import { FunctionHost, type Invocation, NotStarted, type SourceOf } from "./host.ts";
import { unanswered, whyUnanswered } from "./http-function.ts";
import { pusherOf, type WatchedEngine } from "./pusher-of.ts";
import { checkedSocketEvent, handshakeOf, type SocketEvent, type SocketResult } from "./socket-event.ts";

export type SocketHandler = (event: SocketEvent, context: FunctionContext) => Promise<SocketResult>;

/** A WebSocket API gives up 29 s after it got the frame; a little is for the way back. */
const GATEWAY_MS = 28_000;
/** Of the time that is left when a frame could not be answered. */
const EXCUSE_MS = 800;

const clock = systemClock();

export function socketFunction(app: App, source: SourceOf<WatchedEngine>): SocketHandler {
  const host = new FunctionHost(app, source, { role: "gateway", pusher: pusherOf });
  return async (event, context) => {
    const { requestTimeEpoch } = checkedSocketEvent(event);
    const until = requestTimeEpoch === undefined ? undefined : requestTimeEpoch + GATEWAY_MS;
    try {
      return await host.invoke(context, (invocation) => handled(event, invocation), until);
    } catch (error) {
      await host.report(error);
      if (event.requestContext.eventType === "MESSAGE") await excused(event, error, host.complain);
      return resultOf(unanswered(error));
    }
  };
}

/** What is returned for a frame reaches nobody: its client would wait for an answer for ever. */
async function excused(
  { requestContext: { connectionId }, body }: SocketEvent,
  error: unknown,
  complain: OnError,
): Promise<void> {
  const endpoint = socketEndpointOf(process.env);
  if (endpoint === undefined) return;
  const { ref } = readFrame(body ?? "");
  const text = frames.problem(ref, whyUnanswered(error).problem, { retryAfter: 1 });
  const given = new Promise<void>((resolve) => clock.after(EXCUSE_MS, resolve));
  await Promise.race([socketGateway(endpoint, complain).post(connectionId, text), given]);
}

const DONE: SocketResult = { statusCode: 200 };

async function handled(event: SocketEvent, invocation: Invocation<WatchedEngine>): Promise<SocketResult> {
  const { connectionId, eventType } = event.requestContext;
  switch (eventType) {
    case "CONNECT":
      return connected(event, invocation);
    case "MESSAGE":
      await heard(event, invocation);
      return DONE;
    case "DISCONNECT":
      await invocation.engine.watchers.forget(connectionId);
      return DONE;
  }
}

async function connected(
  event: SocketEvent,
  { running, engine }: Invocation<WatchedEngine>,
): Promise<SocketResult> {
  const admission = await (await running.detached()).admit(handshakeOf(event));
  if (admission.kind === "refused") return resultOf(admission.reply);
  const { principal, expiresAt } = admission.identity;
  await engine.watchers.connect(event.requestContext.connectionId, principal, expiresAt);
  return { statusCode: 200, headers: { "Sec-WebSocket-Protocol": admission.protocol } };
}

async function heard(
  { requestContext: { connectionId }, body, isBase64Encoded }: SocketEvent,
  { running, engine, pusher, pushes }: Invocation<WatchedEngine>,
): Promise<void> {
  if (!pusher) {
    throw configurationError(
      "SPILLWAY_SOCKET_ENDPOINT is not set, so nothing can be answered on a socket.",
      "Set it to the https:// address of the WebSocket API's stage, as the template of `spillway synth` does.",
    );
  }
  const row = await engine.watchers.socket(connectionId).catch((cause) => {
    throw new NotStarted("Who is at the socket could not be read.", { cause });
  });
  // Nobody knows any more who it is, so it must say so again.
  if (!row) return pusher.close(connectionId);
  const far = farSocket(row, engine.watchers, pusher, (receipt) => engine.jobOf(receipt));
  const detached = await running.detached();
  await (isBase64Encoded ? detached.hearBinary(far) : detached.hear(body ?? "", far));
  // What changed here is what it was just told.
  pushes.forget();
}

function resultOf({ status, headers, body }: Reply): SocketResult {
  const named: Record<string, string> = {};
  for (let i = 0; i + 1 < headers.length; i += 2) named[headers[i] as string] = headers[i + 1] as string;
  return { statusCode: status, headers: named, body };
}
