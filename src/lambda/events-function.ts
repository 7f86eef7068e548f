/**
 * The function behind a function URL that streams: a receipt as Server-Sent Events, until it is final or the function's
 * time is over. Then the reader comes back by itself, and says what it has seen.
 */
import type { Writable } from "node:stream";
import type { App } from "../app/app.ts";
import type { Engine } from "../core/engine.ts";
import { configurationError } from "../core/errors.ts";
import type { Reply, Sink } from "../door/exchange.ts";
import type { FunctionContext } from "./complaints.ts";
import { FunctionHost, type SourceOf } from "./host.ts";
import { EventRequest, type HttpEvent, headOf } from "./http-event.ts";
import { unanswered } from "./http-function.ts";

/** What a platform that streams gives to functions. */
type Platform = {
  streamifyResponse(run: StreamingHandler): unknown;
  readonly HttpResponseStream: {
    from(
      stream: Writable,
      head: { statusCode: number; headers: Record<string, string>; cookies: string[] },
    ): Writable;
  };
};

type StreamingHandler = (event: HttpEvent, stream: Writable, context: FunctionContext) => Promise<void>;

/** What a function may run at most, less a minute. */
const LONGEST_MS = 14 * 60_000;

/** What the platform calls; known to it as one that streams where the platform is there to be told. */
export function eventsFunction<E extends Engine>(app: App, source: SourceOf<E>): unknown {
  const platform = (globalThis as { readonly awslambda?: Partial<Platform> }).awslambda;
  if (!canStream(platform)) return refuseToRun;
  const host = new FunctionHost(app, source, { role: "status", streams: true });
  return platform.streamifyResponse(async (event, stream, context) => {
    const request = new EventRequest(event);
    let hasBegun = false;
    const send = (reply: Reply) => {
      hasBegun = true;
      return sent(reply, request.method, stream, platform);
    };
    try {
      await host.invoke(context, async ({ running, timeLeftMs }) => {
        const out = send(await running.door.handle(request));
        const timer = setTimeout(() => out.end(), Math.min(LONGEST_MS, timeLeftMs()));
        await out.over.finally(() => clearTimeout(timer));
      });
    } catch (error) {
      await host.report(error);
      if (hasBegun) stream.end();
      else await send(unanswered(error)).over;
    }
  });
}

/** The name alone says nothing: the SDK keeps something of its own there. */
function canStream(platform: Partial<Platform> | undefined): platform is Platform {
  return platform?.streamifyResponse !== undefined && platform.HttpResponseStream !== undefined;
}

function sent(reply: Reply, method: string, stream: Writable, platform: Platform) {
  const { headers, cookies } = headOf(reply);
  const out = platform.HttpResponseStream.from(stream, { statusCode: reply.status, headers, cookies });
  const over = new Promise<void>((resolve) => out.once("close", resolve).once("finish", resolve));
  // Whoever reads went away: the stream is over, and nothing is lost.
  out.on("error", () => out.destroy());
  // The head leaves with the first bytes; an answer without a body has some too.
  out.write(method === "HEAD" ? "" : reply.body);
  if (reply.stream && method !== "HEAD") reply.stream(sinkOf(out));
  else out.end();
  return { over, end: () => void out.end() };
}

function sinkOf(out: Writable): Sink {
  return {
    write: (text) => void (out.writable && out.write(text)),
    end: () => void out.end(),
    onClose: (run) => {
      const closed = once(run);
      out.once("close", closed).once("finish", closed);
    },
  };
}

function once(run: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) run();
    isDone = true;
  };
}

/** Outside of such a platform an app can be looked at, as when its template is made; it is not called there. */
function refuseToRun(): never {
  throw configurationError(
    "The function for events was called where nothing can be streamed.",
    "Give it a function URL with InvokeMode RESPONSE_STREAM, and Node.js as its runtime.",
  );
}
