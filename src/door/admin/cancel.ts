/** `DELETE /admin/jobs/{id}`: what its caller could do by the receipt, done by an operator, and said in the audit. */
import { ADMIN } from "../../core/engine.ts";
import type { JobId } from "../../core/job.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { Reply } from "../exchange.ts";
import { receiptText } from "../receipt.ts";
import { cancelled, storeOf } from "../receipt-route.ts";
import { json, refuse } from "../replies.ts";
import { auditChange } from "./audit.ts";

export async function cancelRoute(id: JobId, runtime: Runtime): Promise<Reply> {
  const store = storeOf(runtime);
  const { status, job } = await cancelled({ id, principal: ADMIN }, store, runtime);
  const detail = JSON.stringify({ operation: job.operation, status: job.status });
  const audited = await store.committer.submit(auditChange("cancel", `jobs/${id}`, detail, runtime.clock));
  if (audited.kind === "refused") throw refuse(audited.code, audited.detail);
  return json(status, receiptText(job, runtime), ["cache-control", "no-store"]);
}
