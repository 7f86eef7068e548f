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
import { type Caller, type CallResult, turnedAway } from "./call.ts";
import { bytesOf, headOf } from "./call-route.ts";
import type { Calls } from "./calls.ts";
import { bodyOf, type DoorRequest, type Reply } from "./exchange.ts";
import { LONGEST_BATCH_KEY } from "./idempotency.ts";
import type { Preference } from "./prefer.ts";
import { json, refuse } from "./replies.ts";

const MOST_ITEMS = 10_000;
const MOST_BYTES = 16 * 1024 * 1024;
/** After so many items or bytes others get their turn: a batch must not hold the process. */
const SLICE_ITEMS = 500;
const SLICE_BYTES = 256 * 1024;

/** An item of a batch is queued, whatever the flow. */
const QUEUED: Preference = { respondAsync: true, waitSeconds: undefined };

export async function batchRoute(
  request: DoorRequest,
  operation: Operation,
  principal: Principal,
  calls: Calls,
  runtime: Runtime,
): Promise<Reply> {
  const { type, key, traceparent } = headOf(request, operation, runtime, BATCH);
  const body = bytesOf(await bodyOf(request, MOST_BYTES), MOST_BYTES);
  const items = type === "ndjson" ? ndjsonItems(body) : arrayItems(body);
  if (items.length > MOST_ITEMS) {
    throw refuse("too-large", `${items.length} items; at most ${MOST_ITEMS} are taken at once.`);
  }
  const { inputBytes } = operation.spec;
  const details = { origin: "batch", ...(traceparent !== undefined && { traceparent }) };
  const texts = await inSlices(items, runtime, (bytes, item, caller) => {
    if (bytes.length > inputBytes) {
      const large = problem("too-large", `At most ${inputBytes} bytes an item are taken.`);
      return caller.answered(turnedAway(large));
    }
    const read = readJson(bytes);
    if (!read.ok) return caller.answered(turnedAway(problem("malformed-json", read.detail)));
    const itemKey = key === undefined ? undefined : { key, item };
    const { text, value } = read;
    calls.begin({ operation, principal, text, value, key: itemKey, prefer: QUEUED, details }, caller);
  });
  return json(202, `[${texts.join(",")}]`);
}

const BATCH = { ndjson: true, longestKey: LONGEST_BATCH_KEY };

/** Item by item, and each answered whatever became of the others: their receipts must not be lost. */
async function inSlices(
  items: readonly Uint8Array[],
  runtime: Runtime,
  begin: (bytes: Uint8Array, item: number, caller: Caller) => void,
): Promise<readonly string[]> {
  const texts = new Texts(items.length, runtime);
  let inSlice = 0;
  let bytes = 0;
  for (const [place, item] of items.entries()) {
    if (inSlice === SLICE_ITEMS || bytes >= SLICE_BYTES) {
      inSlice = bytes = 0;
      await new Promise<void>((resolve) => runtime.clock.after(0, resolve));
    }
    inSlice++;
    bytes += item.length;
    begin(item, place, texts.caller(place));
  }
  return texts.whole;
}

/** What each item is answered, as text: results and their records would be kept for as long as the last one takes. */
class Texts {
  readonly whole: Promise<readonly string[]>;
  readonly #texts: string[];
  readonly #runtime: Runtime;
  #left: number;
  #complete: (texts: readonly string[]) => void;

  constructor(items: number, runtime: Runtime) {
    const { promise, resolve } = Promise.withResolvers<readonly string[]>();
    this.whole = promise;
    this.#complete = resolve;
    this.#texts = Array.from({ length: items }, () => "");
    this.#left = items;
    this.#runtime = runtime;
    if (items === 0) resolve([]);
  }

  caller(place: number): Caller {
    return {
      answered: (result) => {
        this.#texts[place] = itemText(result);
        if (--this.#left === 0) this.#complete(this.#texts);
      },
      failed: (error) => {
        this.#runtime.onError(error);
        this.caller(place).answered(turnedAway(problem("internal")));
      },
    };
  }
}

function itemText(result: CallResult): string {
  if (result.kind === "problem") return JSON.stringify(result.problem);
  if (result.kind === "receipt") return `{"id":"${result.job.id}","status":"${result.job.status}"}`;
  return JSON.stringify({ id: result.id, status: "succeeded" });
}
