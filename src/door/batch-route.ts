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
import { type CallResult, turnedAway } from "./call.ts";
import { bytesOf, headOf } from "./call-route.ts";
import type { Calls } from "./calls.ts";
import { bodyOf, type DoorRequest, type Reply } from "./exchange.ts";
import { LONGEST_BATCH_KEY } from "./idempotency.ts";
import { json, refuse } from "./replies.ts";

const MOST_ITEMS = 10_000;
const MOST_BYTES = 16 * 1024 * 1024;
/** After so many items or bytes others get their turn: a batch must not hold the process. */
const SLICE_ITEMS = 500;
const SLICE_BYTES = 256 * 1024;

type Item = (bytes: Uint8Array, item: number) => CallResult | Promise<CallResult>;

export async function batchRoute(
  request: DoorRequest,
  operation: Operation,
  principal: Principal,
  calls: Calls,
  runtime: Runtime,
): Promise<Reply> {
  const { type, key, traceparent } = headOf(request, runtime, {
    ndjson: true,
    longestKey: LONGEST_BATCH_KEY,
  });
  const body = bytesOf(await bodyOf(request, MOST_BYTES), MOST_BYTES);
  const items = type === "ndjson" ? ndjsonItems(body) : arrayItems(body);
  if (items.length > MOST_ITEMS) {
    throw refuse("too-large", `${items.length} items; at most ${MOST_ITEMS} are taken at once.`);
  }
  const { inputBytes } = operation.spec;
  const details = { origin: "batch", ...(traceparent !== undefined && { traceparent }) };
  const results = await inSlices(items, runtime, (bytes, item) => {
    if (bytes.length > inputBytes)
      return turnedAway(problem("too-large", `At most ${inputBytes} bytes an item are taken.`));
    const read = readJson(bytes);
    if (!read.ok) return turnedAway(problem("malformed-json", read.detail));
    const itemKey = key === undefined ? undefined : { key, item };
    const { text, value } = read;
    return calls.queue({ operation, principal, text, value, key: itemKey, details });
  });
  return json(202, `[${results.map(itemText).join(",")}]`);
}

/** Item by item, and each answered whatever became of the others: their receipts must not be lost. */
async function inSlices(
  items: readonly Uint8Array[],
  runtime: Runtime,
  call: Item,
): Promise<readonly CallResult[]> {
  const lost = (error: unknown): CallResult => {
    runtime.onError(error);
    return turnedAway(problem("internal"));
  };
  const results: (CallResult | Promise<CallResult>)[] = [];
  let inSlice = 0;
  let bytes = 0;
  for (const item of items) {
    if (inSlice === SLICE_ITEMS || bytes >= SLICE_BYTES) {
      inSlice = bytes = 0;
      await new Promise<void>((resolve) => runtime.clock.after(0, resolve));
    }
    inSlice++;
    bytes += item.length;
    try {
      const result = call(item, results.length);
      results.push(result instanceof Promise ? result.catch(lost) : result);
    } catch (error) {
      results.push(lost(error));
    }
  }
  return Promise.all(results);
}

function itemText(result: CallResult): string {
  if (result.kind === "problem") return JSON.stringify(result.problem);
  if (result.kind === "receipt") return `{"id":"${result.job.id}","status":"${result.job.status}"}`;
  return JSON.stringify({ id: result.id, status: "succeeded" });
}
