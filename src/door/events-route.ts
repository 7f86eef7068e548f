/**
 * `GET /receipts/{id}/events`: one receipt as Server-Sent Events, from its state now to its final one. Keeps no
 * history: a reader that was away is told the state it finds, not those between.
 */
import { isFinal, type Job, type JobId, type Principal } from "../core/job.ts";
import type { Runtime } from "../core/runtime.ts";
import type { DoorRequest, Reply, Sink } from "./exchange.ts";
import { headerOf } from "./headers.ts";
import { pushOf } from "./push.ts";
import { receiptText } from "./receipt.ts";
import { storeOf } from "./receipt-route.ts";
import { EVENT_STREAM, refuse, unknownReceipt } from "./replies.ts";

const HEARTBEAT_TICKS = 15;

export async function eventsRoute(
  request: DoorRequest,
  id: JobId,
  principal: Principal,
  runtime: Runtime,
): Promise<Reply> {
  const [job] = await storeOf(runtime).engine.find([{ id, principal }]);
  if (!job?.listed) throw unknownReceipt();
  const told = wasTold(request, job);
  if (isFinal(job.status)) {
    // An EventSource comes back after every end of a stream; 204 is how HTML says that it should not.
    if (told) return { status: 204, headers: ["cache-control", "no-store"], body: "" };
    return { status: 200, headers: EVENT_STREAM, body: statusEvent(job, runtime) };
  }
  if (pushOf(runtime).streams.isFull(principal)) {
    throw refuse("quota-exceeded", "Too many streams are open; close some, or use one socket.", [
      "retry-after",
      "10",
    ]);
  }
  const body = told ? "" : statusEvent(job, runtime);
  return { status: 200, headers: EVENT_STREAM, body, stream: (sink) => follow(sink, job, runtime) };
}

/** By `Last-Event-ID`. One past the revision was never given by this receipt, so it cannot hide the final state. */
function wasTold(request: DoorRequest, { revision, status }: Job): boolean {
  const header = headerOf(request, "last-event-id");
  if (header === undefined || !/^\d{1,15}$/.test(header)) return false;
  return isFinal(status) ? Number(header) === revision : Number(header) >= revision;
}

function follow(sink: Sink, job: Job, runtime: Runtime): void {
  const { id, principal } = job;
  const { ticker, watches, streams } = pushOf(runtime);
  const closed = streams.add(principal);
  let ticks = 0;
  const leaveTicker = ticker.add(() => {
    if (++ticks % HEARTBEAT_TICKS === 0) sink.write(":\n\n");
  });
  const watch = watches.watch(
    { id, principal },
    {
      changed: (now, what) => {
        sink.write(what === "status" ? statusEvent(now, runtime) : progressEvent(now, runtime));
        if (isFinal(now.status)) sink.end();
      },
      gone: () => sink.end(),
      // The reader comes back by itself, perhaps to a node that can read.
      unreadable: () => sink.end(),
    },
    job,
  );
  sink.onClose(() => {
    watch.leave();
    leaveTicker();
    closed();
  });
}

/** JSON text has no line breaks of its own, so one `data:` line holds it. */
function statusEvent(job: Job, runtime: Runtime): string {
  return `event: status\nid: ${job.revision}\ndata: ${receiptText(job, runtime)}\n\n`;
}

/** Without an id: progress is not part of what `Last-Event-ID` resumes. */
function progressEvent(job: Job, runtime: Runtime): string {
  return `event: progress\ndata: ${receiptText(job, runtime)}\n\n`;
}
