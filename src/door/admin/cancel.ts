/**
 * `DELETE /admin/jobs/{id}`: what its caller could do by the receipt, done by an operator, and said in the audit. The
 * entry is kept first: a cancel that nobody can be asked about would be worse than an entry of one that came too late.
 */
import { ADMIN, type Engine } from "../../core/engine.ts";
import { isFinal, type JobId } from "../../core/job.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { Reply } from "../exchange.ts";
import { receiptText } from "../receipt.ts";
import { cancelled, storeOf } from "../receipt-route.ts";
import { json } from "../replies.ts";
import { audit } from "./audit.ts";

export async function cancelRoute(id: JobId, runtime: Runtime): Promise<Reply> {
  const store = storeOf(runtime);
  const found = await cancellable(id, store.engine);
  // What is not is answered as it is to its owner, and leaves no entry.
  if (found) {
    const detail = JSON.stringify({ operation: found.operation, status: found.status });
    await audit("cancel", `jobs/${id}`, detail, runtime, store);
  }
  const { status, job } = await cancelled({ id, principal: ADMIN }, store, runtime);
  return json(status, receiptText(job, runtime), ["cache-control", "no-store"]);
}

async function cancellable(id: JobId, engine: Engine) {
  const [job] = await engine.find([{ id, principal: ADMIN }]);
  return job?.listed && (!isFinal(job.status) || job.status === "cancelled") ? job : undefined;
}
