/** `POST /operations/{name}`: from a request to a call, and from its result to a reply. */

import type { CallDetails, Principal } from "../core/job.ts";
import { readJson } from "../core/json.ts";
import { LONGEST_KEY } from "../core/keyed.ts";
import type { Operation } from "../core/operation.ts";
import type { Runtime } from "../core/runtime.ts";
import type { CallResult } from "./call.ts";
import type { Calls } from "./calls.ts";
import type { Body, DoorRequest, Reply } from "./exchange.ts";
import { bodyType, headerOf, refuseCallback, traceparentOf } from "./headers.ts";
import { parseKey } from "./idempotency.ts";
import { parsePrefer } from "./prefer.ts";
import { receiptHeaders, receiptPath, receiptText } from "./receipt.ts";
import { json, problemReply, refuse } from "./replies.ts";

/** No async function, and few promises: this is the path that nearly every call takes. */
export function callRoute(
  request: DoorRequest,
  operation: Operation,
  principal: Principal,
  calls: Calls,
  runtime: Runtime,
): Promise<Reply> {
  const { key, traceparent } = headOf(request, operation, runtime, SINGLE);
  const details = traceparent === undefined ? HTTP : { ...HTTP, traceparent };
  const { inputBytes } = operation.spec;
  const answering = new Promise<CallResult>((answered, failed) => {
    request.body(inputBytes, (body) => {
      try {
        const read = readJson(bytesOf(body, inputBytes));
        if (!read.ok) throw refuse("malformed-json", read.detail);
        const call = {
          operation,
          principal,
          text: read.text,
          value: read.value,
          key: key === undefined ? undefined : { key },
          prefer: parsePrefer(headerOf(request, "prefer")),
          details,
        };
        calls.begin(call, { answered, failed });
      } catch (error) {
        failed(error);
      }
    });
  });
  return answering.then((result) => replyOf(result, runtime));
}

const HTTP: CallDetails = { origin: "http" };
const SINGLE = { ndjson: false, longestKey: LONGEST_KEY };

/** What the headers say and refuse before a body is read. */
export function headOf(
  request: DoorRequest,
  operation: Operation,
  runtime: Runtime,
  { ndjson, longestKey }: { readonly ndjson: boolean; readonly longestKey: number },
) {
  const type = bodyType(request, { ndjson });
  const key = parseKey(headerOf(request, "idempotency-key"), longestKey);
  refuseCallback(request);
  // A repeat needs no room in the store, so only what is surely new is turned away unread.
  if (key === undefined) refuseCongestion(runtime, operation);
  return { type, key, traceparent: traceparentOf(request) };
}

export function refuseCongestion({ store, meters }: Runtime, { spec }: Operation): void {
  if (!store?.committer.congested) return;
  meters.get(spec.name)?.count("refused");
  throw refuse("storage-unavailable", "The store is behind; nothing was kept.", ["retry-after", "2"]);
}

export function bytesOf(body: Body, limit: number): Uint8Array {
  if (body.kind === "read") return body.bytes;
  if (body.kind === "too-large") throw refuse("too-large", `At most ${limit} bytes are taken.`);
  if (body.kind === "timed-out") throw refuse("request-timeout", "No byte of the body came for 5 s.");
  throw refuse("malformed-request", "The body ended before it was complete.");
}

function replyOf(result: CallResult, runtime: Runtime): Reply {
  if (result.kind === "problem") {
    return problemReply(result.problem, [...(result.headers ?? []), ...notesOf(result)]);
  }
  if (result.kind === "output") {
    const place = result.id === undefined ? [] : ["content-location", receiptPath(result.id)];
    return json(200, result.output, [...place, ...notesOf(result)]);
  }
  const { job, retryAfterSeconds } = result;
  const place = receiptPath(job.id);
  const headers = [
    "content-type",
    "application/json",
    "location",
    place,
    "link",
    `<${place}>; rel="monitor"`,
    ...receiptHeaders(job, retryAfterSeconds),
  ];
  const notes = notesOf(result);
  return {
    status: 202,
    headers: notes.length === 0 ? headers : [...headers, ...notes],
    body: receiptText(job, runtime),
  };
}

function notesOf({ applied, replayed }: CallResult): readonly string[] {
  if (applied === undefined && !replayed) return NO_NOTES;
  return [
    ...(applied === undefined ? [] : ["preference-applied", applied]),
    ...(replayed ? ["idempotency-replayed", "true"] : []),
  ];
}

const NO_NOTES: readonly string[] = [];
