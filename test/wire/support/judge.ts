/** What the contract says of every problem and every receipt, checked wherever one turns up. */
import assert from "node:assert/strict";
import type { Answer, Client } from "./client.ts";
import { until } from "./wait.ts";

export type Status = "queued" | "running" | "succeeded" | "failed" | "cancelled";

export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
};

export type Receipt = {
  readonly id: string;
  readonly operation: string;
  readonly status: Status;
  readonly revision: number;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly acceptedAt: string;
  readonly updatedAt: string;
  readonly availableAt?: string;
  readonly progress?: { readonly ratio?: number; readonly message?: string };
  readonly output?: unknown;
  readonly error?: Problem;
};

const RECEIPT_MEMBERS = [
  ...["id", "operation", "status", "revision", "attempt", "maxAttempts", "acceptedAt", "updatedAt"],
  ...["availableAt", "progress", "output", "error"],
];
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export const isFinal = ({ status }: Receipt): boolean =>
  status === "succeeded" || status === "failed" || status === "cancelled";

const told = ({ status, text }: Answer) => `${status} ${text.slice(0, 500)}`;

export function judgeProblem(problem: Problem, status: number, code: string): Problem {
  assert.equal(problem.code, code, JSON.stringify(problem));
  assert.equal(problem.status, status, JSON.stringify(problem));
  assert.equal(typeof problem.title, "string");
  assert.ok(problem.title.length > 0);
  return problem;
}

/** Checks an error answer whole; a 503 must say when to come back. */
export function refused(answer: Answer, status: number, code: string): Problem {
  assert.equal(answer.status, status, told(answer));
  assert.match(answer.headers["content-type"] ?? "", /^application\/problem\+json\b/);
  const problem = judgeProblem(answer.as<Problem>(), status, code);
  if (status === 503) retryAfter(answer);
  if (status === 401) assert.match(answer.headers["www-authenticate"] ?? "", /^Bearer\b/);
  assert.doesNotMatch(
    answer.text,
    /\bat .*\.ts:\d+|node:internal|secret-detail/,
    "a stack or a handler's words",
  );
  return problem;
}

/** `Retry-After` in seconds, 1–300. */
export function retryAfter(answer: Answer): number {
  const text = answer.headers["retry-after"];
  assert.match(text ?? "", /^\d+$/, "Retry-After");
  const seconds = Number(text);
  assert.ok(seconds >= 1 && seconds <= 300, `Retry-After: ${text}`);
  return seconds;
}

export function judgeReceipt(receipt: Receipt): Receipt {
  for (const member of Object.keys(receipt)) assert.ok(RECEIPT_MEMBERS.includes(member), `member ${member}`);
  assert.match(receipt.id, /^[A-Za-z0-9._~-]{20,}$/, "an opaque, URL-safe id of at least 122 bits");
  assert.equal(typeof receipt.operation, "string");
  assert.ok(
    ["queued", "running", "succeeded", "failed", "cancelled"].includes(receipt.status),
    receipt.status,
  );
  assert.ok(Number.isInteger(receipt.revision) && receipt.revision >= 0, `revision ${receipt.revision}`);
  assert.ok(Number.isInteger(receipt.attempt) && receipt.attempt >= 0, `attempt ${receipt.attempt}`);
  assert.ok(receipt.maxAttempts >= 1);
  assert.match(receipt.acceptedAt, TIME);
  assert.match(receipt.updatedAt, TIME);
  if (receipt.availableAt !== undefined) assert.match(receipt.availableAt, TIME);
  assert.equal("output" in receipt, receipt.status === "succeeded", "output stands on what succeeded, only");
  if (receipt.status === "failed") assert.ok(receipt.error, "error stands on what failed");
  if (receipt.status === "succeeded") assert.equal(receipt.error, undefined, "no error on what succeeded");
  if (receipt.error) judgeProblem(receipt.error, receipt.error.status, receipt.error.code);
  return receipt;
}

/** Checks a 202 whole: its receipt, where to look, and when. */
export function accepted(answer: Answer): Receipt {
  assert.equal(answer.status, 202, told(answer));
  assert.match(answer.headers["content-type"] ?? "", /^application\/json\b/);
  const receipt = judgeReceipt(answer.as<Receipt>());
  assert.equal(answer.headers.location, `/receipts/${receipt.id}`);
  assert.equal(answer.headers["link"], `</receipts/${receipt.id}>; rel="monitor"`);
  retryAfter(answer);
  return receipt;
}

/** Checks a 200 of a call and returns its output. */
export function answered<T>(answer: Answer): T {
  assert.equal(answer.status, 200, told(answer));
  assert.match(answer.headers["content-type"] ?? "", /^application\/json\b/);
  return answer.as<T>();
}

export async function receiptOf(client: Client, id: string): Promise<Receipt> {
  return judgeReceipt(answered<Receipt>(await client.receipt(id)));
}

/** Waits until a receipt is as wanted. */
export const receiptWhen = (
  client: Client,
  id: string,
  what: string,
  wanted: (receipt: Receipt) => boolean,
  withinMs?: number,
): Promise<Receipt> => {
  let last = "";
  return until(
    () => `the receipt ${id} is ${what}; it is ${last}`,
    async () => {
      const receipt = await receiptOf(client, id);
      last = JSON.stringify(receipt).slice(0, 500);
      return wanted(receipt) && receipt;
    },
    withinMs,
  );
};

export const finalReceipt = (client: Client, id: string, withinMs?: number): Promise<Receipt> =>
  receiptWhen(client, id, "final", isFinal, withinMs);

/** The codes of the problems of `answers`, counted; an answer that is none by its status. */
export function tally(answers: readonly Answer[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const answer of answers) {
    const name = answer.status < 300 ? String(answer.status) : answer.as<Problem>().code;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
