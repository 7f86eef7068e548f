/** A call that came as a frame: the same rules as by HTTP, the answer as a frame. */
import { type Problem, problem, SpillwayError } from "../../core/errors.ts";
import type { CallDetails, Job, Principal } from "../../core/job.ts";
import type { Operation } from "../../core/operation.ts";
import type { Runtime } from "../../core/runtime.ts";
import { byteLength } from "../../core/sizes.ts";
import type { CallResult } from "../call.ts";
import { refuseCongestion } from "../call-route.ts";
import type { Calls } from "../calls.ts";
import { parsePrefer } from "../prefer.ts";
import { receiptText } from "../receipt.ts";
import { Refused, refuse } from "../replies.ts";
import { type CallFrame, type FrameNotes, type FrameRef, frames } from "./frames.ts";

/** `job`: whose changes the client is to be sent from now on. */
type CallAnswer = { readonly text: string; readonly job?: Job };

export async function callFrame(
  frame: CallFrame,
  ref: FrameRef,
  principal: Principal,
  calls: Calls,
  runtime: Runtime,
): Promise<CallAnswer> {
  try {
    return answerOf(await call(frame, principal, calls, runtime), ref, runtime);
  } catch (thrown) {
    return { text: problemText(ref, problemOf(thrown, frame, runtime), headersOf(thrown), {}) };
  }
}

function call(
  { operation: name, input, key, prefer }: CallFrame,
  principal: Principal,
  calls: Calls,
  runtime: Runtime,
): Promise<CallResult> {
  const operation = callable(name, runtime);
  if (key === undefined) refuseCongestion(runtime, operation);
  const text = JSON.stringify(input);
  const { inputBytes } = operation.spec;
  if (byteLength(text) > inputBytes) throw refuse("too-large", `At most ${inputBytes} bytes are taken.`);
  return calls.call({
    operation,
    principal,
    text,
    value: input,
    key: key === undefined ? undefined : { key },
    prefer: parsePrefer(prefer),
    details: SOCKET,
  });
}

const SOCKET: CallDetails = { origin: "socket" };

function callable(name: string, { operations }: Runtime): Operation {
  const operation = operations.get(name);
  if (!operation || operation.spec.access === "internal") {
    throw refuse("unknown-operation", `No operation is called ${JSON.stringify(name.slice(0, 64))} here.`);
  }
  if (operation.spec.access === "public") return operation;
  throw refuse("unauthenticated", "Operators call this by HTTP, with the admin token.");
}

function answerOf(result: CallResult, ref: FrameRef, runtime: Runtime): CallAnswer {
  const notes: FrameNotes = {
    ...(result.applied !== undefined && { applied: result.applied }),
    ...(result.replayed && { replayed: true }),
  };
  if (result.kind === "output") return { text: frames.answer(ref, result.output, notes) };
  if (result.kind === "problem") {
    return { text: problemText(ref, result.problem, result.headers ?? [], notes) };
  }
  const { job, retryAfterSeconds: retryAfter } = result;
  return { text: frames.receipt(ref, receiptText(job, runtime), { retryAfter, ...notes }), job };
}

function problemText(ref: FrameRef, error: Problem, headers: readonly string[], notes: FrameNotes): string {
  const place = headers.indexOf("retry-after");
  if (place >= 0) return frames.problem(ref, error, { retryAfter: Number(headers[place + 1]), ...notes });
  const isForLoad = error.status === 503 || error.status === 429;
  return frames.problem(ref, error, { ...(isForLoad && { retryAfter: 1 }), ...notes });
}

function problemOf(thrown: unknown, { operation }: CallFrame, runtime: Runtime): Problem {
  if (thrown instanceof Refused) return thrown.problem;
  if (thrown instanceof SpillwayError && thrown.code !== "configuration") return problem(thrown.code);
  runtime.onError(thrown, { operation, id: "", attempt: 0 });
  return problem("internal");
}

function headersOf(thrown: unknown): readonly string[] {
  return thrown instanceof Refused ? thrown.headers : [];
}
