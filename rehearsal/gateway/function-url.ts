/** A function URL that streams: what a function writes goes out as it comes. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { LambdaFunction } from "../lambda/function.ts";
import type { Template } from "../template/template.ts";
import { type Functions, functionOf, mayInvoke } from "./invoking.ts";
import { bodyOf, eventOf, head, refuse, send } from "./payload.ts";

/** Between the head of an answer, as JSON, and its body. */
const SEPARATOR = Buffer.alloc(8);
const HEAD_BYTES = 65_536;

export class FunctionUrl {
  readonly target: LambdaFunction;
  readonly #streams: boolean;

  private constructor(target: LambdaFunction, streams: boolean) {
    this.target = target;
    this.#streams = streams;
  }

  /** Undefined: the template has none. */
  static of(template: Template, functions: Functions): FunctionUrl | undefined {
    const [url] = template.all("AWS::Lambda::Url");
    if (url === undefined) return undefined;
    const target = functionOf(functions, String(url.properties["TargetFunctionArn"]), url.name);
    if (url.properties["AuthType"] === "NONE" && !mayInvoke(template, target, "*", ""))
      throw new Error(`${url.name}: anyone may not invoke ${target.settings.name}; a permission is missing.`);
    return new FunctionUrl(target, url.properties["InvokeMode"] === "RESPONSE_STREAM");
  }

  async handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await bodyOf(incoming);
    if (body === undefined) return refuse(outgoing, 413, "Request Entity Too Large");
    const event = eventOf(incoming, body, { apiId: "eventsurl", routeKey: "$default", stage: "$default" });
    if (!this.#streams) {
      const invoked = await this.target.invoke(event);
      if (invoked.kind === "answered") send(outgoing, invoked.payload);
      else refuse(outgoing, invoked.kind === "throttled" ? 429 : 502, "Internal Server Error");
      return;
    }
    const invoked = await this.target.invoke(event, (stream) => {
      relay(stream, outgoing).catch(() => outgoing.destroy());
    });
    if (invoked.kind === "streamed") return;
    if (invoked.kind === "answered") send(outgoing, invoked.payload);
    else refuse(outgoing, invoked.kind === "throttled" ? 429 : 502, "Internal Server Error");
  }
}

async function relay(stream: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const isPlain = !String(stream.headers["content-type"]).includes("http-integration-response");
  let before: Buffer | undefined = Buffer.alloc(0);
  if (isPlain) {
    outgoing.writeHead(200, { "content-type": stream.headers["content-type"] ?? "application/octet-stream" });
    before = undefined;
  }
  // A client that goes is not told to the function: it goes on until it ends, as there.
  for await (const chunk of stream) {
    let bytes = chunk as Buffer;
    if (before !== undefined) {
      before = Buffer.concat([before, bytes]);
      const at = before.indexOf(SEPARATOR);
      if (at < 0 && before.length > HEAD_BYTES) throw new Error("An answer without a head.");
      if (at < 0) continue;
      head(outgoing, JSON.parse(before.subarray(0, at).toString("utf8")));
      outgoing.flushHeaders();
      bytes = before.subarray(at + SEPARATOR.length);
      before = undefined;
    }
    if (bytes.length > 0 && !outgoing.destroyed) outgoing.write(bytes);
  }
  outgoing.end();
}
