/** `GET /admin/jobs` and `/admin/jobs/{id}`: anyone's jobs, with their inputs. Changes nothing. */
import { timestamp } from "../../core/clock.ts";
import { ADMIN, type JobQuery } from "../../core/engine.ts";
import { type Attempt, JOB_STATUSES, type JobId, type JobRecord, type JsonText } from "../../core/job.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { Reply } from "../exchange.ts";
import { receiptText } from "../receipt.ts";
import { storeOf } from "../receipt-route.ts";
import { unknownReceipt } from "../replies.ts";
import { answer, enginePage, listReply, PAGED } from "./lists.ts";
import type { Query } from "./query.ts";

export const JOB_FILTERS = ["status", "operation", "errorCode", "principal", "from", "to", ...PAGED] as const;

export async function jobsRoute(query: Query, runtime: Runtime): Promise<Reply> {
  const asked = jobQuery(query);
  const { store } = runtime;
  if (!store) return listReply([], null);
  const { items, next } = await enginePage(() => store.engine.list(asked));
  return listReply(
    items.map((job) => `${listedHead(job, runtime)}}`),
    next,
  );
}

export async function jobRoute(id: JobId, runtime: Runtime): Promise<Reply> {
  const [job] = await storeOf(runtime).engine.find([{ id, principal: ADMIN }]);
  if (!job?.listed) throw unknownReceipt();
  const { origin, traceparent } = job.details;
  const more = JSON.stringify({
    origin,
    traceId: traceparent?.split("-")[1] ?? null,
    attempts: job.attempts.map(attemptEntry),
    effects: job.effects,
  });
  return answer(`${listedHead(job, runtime)},${more.slice(1)}`);
}

function jobQuery(query: Query): JobQuery {
  const status = query.choice("status", JOB_STATUSES);
  const operation = query.text("operation");
  const errorCode = query.text("errorCode");
  const principal = query.text("principal");
  const from = query.time("from");
  const to = query.time("to");
  const limit = query.limit();
  const cursor = query.text("cursor");
  query.check();
  return {
    ...(status !== undefined && { status }),
    ...(operation !== undefined && { operation }),
    ...(errorCode !== undefined && { errorCode }),
    ...(principal !== undefined && { principal }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    limit,
    ...(cursor !== undefined && { cursor }),
  };
}

/** An object without its closing brace: the receipt, what operators see besides, and the input as it came. */
function listedHead(job: JobRecord, runtime: Runtime): JsonText {
  const receipt = receiptText(job, runtime).slice(0, -1);
  const principal = JSON.stringify(job.principal);
  return `${receipt},"principal":${principal},"cancelRequested":${job.cancelRequested},"input":${job.input}`;
}

function attemptEntry({ number, startedAt, endedAt, node, error }: Attempt) {
  return { number, start: timestamp(startedAt), end: timestamp(endedAt), node, ...(error && { error }) };
}
