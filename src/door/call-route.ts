/** `POST /operations/{name}`: from a request to a call, and from its result to a reply. */

import type { Principal } from "../core/job.ts";
import { readJson } from "../core/json.ts";
import type { Operation } from "../core/operation.ts";
import type { Runtime } from "../core/runtime.ts";
import type { CallRequest, CallResult } from "./call.ts";
import type { Calls } from "./calls.ts";
import type { Body, DoorRequest, Reply } from "./exchange.ts";
import { bodyType, headerOf, refuseCallback, traceparentOf } from "./headers.ts";
import { LONGEST_KEY, parseKey } from "./idempotency.ts";
import { parsePrefer } from "./prefer.ts";
import { receiptHeaders, receiptPath, receiptText } from "./receipt.ts";
import { json, problemReply, refuse } from "./replies.ts";

export async function callRoute(
  request: DoorRequest,
  operation: Operation,
  principal: Principal,
  calls: Calls,
  runtime: Runtime,
): Promise<Reply> {
  const { key, more } = headOf(request, runtime, { ndjson: false, longestKey: LONGEST_KEY });
  const bytes = bytesOf(await request.body(operation.spec.inputBytes), operation.spec.inputBytes);
  const read = readJson(bytes);
  if (!read.ok) throw refuse("malformed-json", read.detail);
  const call: CallRequest = {
    operation,
    principal,
    text: read.text,
    value: read.value,
    key: key === undefined ? undefined : { key },
    prefer: parsePrefer(headerOf(request, "prefer")),
    origin: "http",
    ...more,
  };
  return replyOf(await calls.call(call), runtime);
}

/** What the headers say and refuse before a body is read; `more` travels with the call. */
export function headOf(
  request: DoorRequest,
  runtime: Runtime,
  { ndjson, longestKey }: { readonly ndjson: boolean; readonly longestKey: number },
) {
  const type = bodyType(request, { ndjson });
  const key = parseKey(headerOf(request, "idempotency-key"), longestKey);
  refuseCallback(request);
  // A repeat needs no room in the store, so only what is surely new is turned away unread.
  if (key === undefined) refuseCongestion(runtime);
  const traceparent = traceparentOf(request);
  return { type, key, more: traceparent === undefined ? {} : { traceparent } };
}

export function refuseCongestion({ store }: Runtime): void {
  if (store?.committer.congested)
    throw refuse("storage-unavailable", "The store is behind; nothing was kept.", ["retry-after", "2"]);
}

export function bytesOf(body: Body, limit: number): Uint8Array {
  if (body.kind === "read") return body.bytes;
  if (body.kind === "too-large") throw refuse("too-large", `At most ${limit} bytes are taken.`);
  if (body.kind === "timed-out") throw refuse("request-timeout", "No byte of the body came for 5 s.");
  throw refuse("malformed-request", "The body ended before it was complete.");
}

function replyOf(result: CallResult, runtime: Runtime): Reply {
  const notes = [
    ...(result.applied === undefined ? [] : ["preference-applied", result.applied]),
    ...(result.replayed ? ["idempotency-replayed", "true"] : []),
  ];
  if (result.kind === "problem") return problemReply(result.problem, [...(result.headers ?? []), ...notes]);
  if (result.kind === "output") {
    return json(
      200,
      result.output,
      result.id === undefined ? notes : ["content-location", receiptPath(result.id), ...notes],
    );
  }
  const { job, retryAfterSeconds } = result;
  const place = receiptPath(job.id);
  const headers = [
    "location",
    place,
    "link",
    `<${place}>; rel="monitor"`,
    ...receiptHeaders(job, retryAfterSeconds),
  ];
  return json(202, receiptText(job, runtime), [...headers, ...notes]);
}
