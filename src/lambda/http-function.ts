/** The function behind an HTTP API or a function URL: every route of the door but streams. */
import type { App } from "../app/app.ts";
import type { Engine } from "../core/engine.ts";
import { SpillwayError } from "../core/errors.ts";
import type { Reply } from "../door/exchange.ts";
import { problemReply, type Refused, refuse } from "../door/replies.ts";
import type { FunctionContext } from "./complaints.ts";
import { FunctionHost, type FunctionOptions, type Invocation, NotStarted, type SourceOf } from "./host.ts";
import { EventRequest, type HttpEvent, type HttpResult, resultOf } from "./http-event.ts";

export type HttpHandler = (event: HttpEvent, context: FunctionContext) => Promise<HttpResult>;

/** An HTTP API gives up 30 s after it got the request; a little is for the way back. */
const GATEWAY_MS = 29_000;

export function httpFunction<E extends Engine>(
  app: App,
  source: SourceOf<E>,
  options: FunctionOptions<E>,
): HttpHandler {
  const host = new FunctionHost(app, source, options);
  return async (event, context) => {
    const request = new EventRequest(event);
    const until = gatewayEnd(event.requestContext);
    try {
      const reply = await host.invoke(context, (invocation) => answered(request, invocation), until);
      return resultOf(reply, request.method);
    } catch (error) {
      await host.report(error);
      return resultOf(unanswered(error), request.method);
    }
  };
}

async function answered<E extends Engine>(request: EventRequest, invocation: Invocation<E>): Promise<Reply> {
  const { running, pushes, nearlyLate } = invocation;
  const reply = await running.door.handle(request);
  // Nobody watches yet what a call has just made.
  if (reply.status === 202 && request.method === "POST") pushes.forget();
  else await pushes.flush(nearlyLate);
  return reply;
}

/** Function URLs wait as long as the function does. */
function gatewayEnd({ timeEpoch, domainName }: HttpEvent["requestContext"]): number | undefined {
  if (timeEpoch === undefined || domainName?.endsWith(".on.aws")) return undefined;
  return timeEpoch + GATEWAY_MS;
}

export function unanswered(error: unknown): Reply {
  const { problem, headers } = whyUnanswered(error);
  return problemReply(problem, headers);
}

/** Says whether something may have been kept, which is what a caller must know before it asks again. */
export function whyUnanswered(error: unknown): Refused {
  if (error instanceof NotStarted) {
    const isOurs = error.cause instanceof SpillwayError && error.cause.code === "configuration";
    if (isOurs)
      return refuse("internal", "This deployment is not set up as its code needs it; its log says why.");
    return refuse("storage-unavailable", "The store cannot be reached; nothing was kept.", [
      "retry-after",
      "2",
    ]);
  }
  if (error instanceof SpillwayError && error.code === "handler-timeout") {
    return refuse(
      "handler-timeout",
      "There was no answer in time, and it is not known whether anything was kept. Ask again under the same Idempotency-Key.",
    );
  }
  return refuse("internal");
}
