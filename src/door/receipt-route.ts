/** `GET` and `DELETE /receipts/{id}`. */
import type { Ref } from "../core/engine.ts";
import { SpillwayError } from "../core/errors.ts";
import { isFinal, type Job, type JobId, type Principal } from "../core/job.ts";
import type { Runtime, Store } from "../core/runtime.ts";
import type { Calls } from "./calls.ts";
import type { DoorRequest, Reply } from "./exchange.ts";
import { headerOf } from "./headers.ts";
import { parsePrefer } from "./prefer.ts";
import { receiptHeaders, receiptText, unseenReceiptText } from "./receipt.ts";
import { json, refuse, unknownReceipt } from "./replies.ts";
import { untilFinal } from "./waiting.ts";

export async function receiptRoute(
  request: DoorRequest,
  id: JobId,
  principal: Principal,
  calls: Calls,
  runtime: Runtime,
): Promise<Reply> {
  const store = storeOf(runtime);
  const ref = { id, principal };
  if (request.method === "DELETE") return cancel(ref, store, runtime, calls);
  const { waitSeconds } = parsePrefer(headerOf(request, "prefer"));
  const [known] = await store.engine.find([ref]);
  if (!known) return unseen(request, id, runtime);
  if (!known.listed) throw unknownReceipt();
  const waits = waitSeconds !== undefined && !isFinal(known.status);
  const job = waits ? await untilFinal(ref, waitSeconds * 1_000, runtime, store) : known;
  if (!job) throw unknownReceipt();
  const applied = waits ? ["preference-applied", `wait=${waitSeconds}`] : [];
  return json(200, receiptText(job, runtime), [...receiptHeaders(job, calls.waitSecondsOf(job)), ...applied]);
}

/** The gateway's may go ahead of ours. */
const CLOCKS_DIFFER_MS = 60_000;
const MESSAGE_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Of a call that a gateway put into a queue, which nobody can tell from none until it is taken out. */
function unseen({ query }: DoorRequest, id: JobId, { unseenMs = 0, clock }: Runtime): Reply {
  const accepted = Number(new URLSearchParams(query).get("accepted") ?? Number.NaN);
  const age = clock.now() - accepted;
  const mayBe = unseenMs > 0 && age > -CLOCKS_DIFFER_MS && age < unseenMs;
  if (!mayBe || !Number.isInteger(accepted) || !MESSAGE_ID.test(id)) throw unknownReceipt();
  const headers = ["cache-control", "no-store", "retry-after", "1"];
  return json(200, unseenReceiptText(id, accepted), headers);
}

async function cancel(ref: Ref, store: Store, runtime: Runtime, calls: Calls): Promise<Reply> {
  const { status, job } = await cancelled(ref, store, runtime);
  return json(status, receiptText(job, runtime), receiptHeaders(job, calls.waitSecondsOf(job)));
}

/** The job as the wish to cancel left it: `200` when it is cancelled now, `202` when its handler was told. */
export async function cancelled(
  ref: Ref,
  { committer }: Store,
  runtime: Runtime,
): Promise<{ readonly status: 200 | 202; readonly job: Job }> {
  const answer = await committer.submit({ kind: "cancel", ref });
  if (answer.kind === "unknown") throw unknownReceipt();
  if (answer.kind === "refused") {
    // The engine's own words may name files and tables, which are for the log.
    runtime.onError(new SpillwayError(answer.code, answer.detail), { operation: "", id: ref.id, attempt: 0 });
    throw refuse("storage-unavailable", "The store could not take it; the job is as it was.");
  }
  const { job } = answer;
  if (answer.kind === "final") throw refuse("already-final", `It has ${job.status} already.`);
  if (answer.kind === "requested") runtime.live.cancel(ref.id);
  return { status: answer.kind === "cancelled" ? 200 : 202, job };
}

/** Without an engine there are no jobs, and so no receipts. */
export function storeOf({ store }: Runtime): Store {
  if (store) return store;
  throw unknownReceipt();
}
