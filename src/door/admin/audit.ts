/** `GET /admin/audit`, and the entries that the other routes leave in it. */
import { timestamp } from "../../core/clock.ts";
import type { AuditEntry } from "../../core/engine.ts";
import type { JsonText } from "../../core/job.ts";
import type { Runtime, Store } from "../../core/runtime.ts";
import type { Reply } from "../exchange.ts";
import { refuse } from "../replies.ts";
import { enginePage, listReply } from "./lists.ts";
import type { Query } from "./query.ts";

/** All operators share one token, so the audit cannot tell them apart. */
const BY = "admin";

/** Resolves when the entry is kept; what the store refuses is refused to whoever asked. */
export async function audit(
  action: "set" | "redrive" | "purge" | "cancel",
  target: string,
  detail: JsonText,
  { clock }: Pick<Runtime, "clock">,
  { committer }: Store,
): Promise<void> {
  const entry = { at: clock.now(), by: BY, action, target, detail };
  const answer = await committer.submit({ kind: "audit", entry });
  if (answer.kind === "refused") throw refuse(answer.code, answer.detail);
}

export async function auditRoute(query: Query, { store }: Runtime): Promise<Reply> {
  const limit = query.limit();
  const cursor = query.text("cursor");
  query.check();
  if (!store) return listReply([], null);
  const { items, next } = await enginePage(() => store.engine.audit(limit, cursor));
  return listReply(items.map(auditText), next);
}

function auditText({ at, by, action, target, detail }: AuditEntry): JsonText {
  const head = JSON.stringify({ at: timestamp(at), by, action, target });
  return `${head.slice(0, -1)},"detail":${detail}}`;
}
