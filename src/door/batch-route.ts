/**
 * `POST /operations/{name}/batch`: many calls in one body, always event-driven. Nothing is accepted before the whole
 * body is there; then each item stands for itself.
 */

import { problem } from "../core/errors.ts";
import type { Principal } from "../core/job.ts";
import { readJson } from "../core/json.ts";
import type { Operation } from "../core/operation.ts";
import type { Runtime } from "../core/runtime.ts";
import { arrayItems, ndjsonItems } from "./batch-items.ts";
import type { CallResult } from "./call.ts";
import { bytesOf, refuseCongestion } from "./call-route.ts";
import type { Calls } from "./calls.ts";
import type { DoorRequest, Reply } from "./exchange.ts";
import { bodyType, headerOf, refuseCallback, traceparentOf } from "./headers.ts";
import { LONGEST_BATCH_KEY, parseKey } from "./idempotency.ts";
import { json, refuse } from "./replies.ts";

const MOST_ITEMS = 10_000;
const MOST_BYTES = 16 * 1024 * 1024;

export async function batchRoute(
  request: DoorRequest,
  operation: Operation,
  principal: Principal,
  calls: Calls,
  runtime: Runtime,
): Promise<Reply> {
  const type = bodyType(request, { ndjson: true });
  const key = parseKey(headerOf(request, "idempotency-key"), LONGEST_BATCH_KEY);
  refuseCallback(request);
  if (key === undefined) refuseCongestion(runtime);
  const body = bytesOf(await request.body(MOST_BYTES), MOST_BYTES);
  const items = type === "ndjson" ? ndjsonItems(body) : arrayItems(body);
  if (items.length > MOST_ITEMS)
    throw refuse("too-large", `${items.length} items; at most ${MOST_ITEMS} are taken at once.`);
  const traceparent = traceparentOf(request);
  const results = items.map((bytes, item): Promise<CallResult> | CallResult => {
    if (bytes.length > operation.spec.inputBytes) {
      return {
        kind: "problem",
        problem: problem("too-large", `At most ${operation.spec.inputBytes} bytes an item are taken.`),
      };
    }
    const read = readJson(bytes);
    if (!read.ok) return { kind: "problem", problem: problem("malformed-json", read.detail) };
    return calls.queue({
      operation,
      principal,
      text: read.text,
      value: read.value,
      key: key === undefined ? undefined : { key, item },
      origin: "batch",
      ...(traceparent !== undefined && { traceparent }),
    });
  });
  return json(202, `[${(await Promise.all(results)).map(itemText).join(",")}]`);
}

function itemText(result: CallResult): string {
  if (result.kind === "problem") return JSON.stringify(result.problem);
  if (result.kind === "receipt") return JSON.stringify({ id: result.job.id, status: result.job.status });
  return JSON.stringify({ id: result.id, status: "succeeded" });
}
