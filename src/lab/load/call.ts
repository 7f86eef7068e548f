/** What a reply makes of a call, and when a client that repeats tries again. Pure. */
import type { CallOutcome } from "../messages.ts";
import type { Reply } from "./connection.ts";

export type Verdict =
  | { readonly outcome: "answered" }
  | { readonly outcome: "receipt"; readonly id: string }
  | { readonly outcome: "refused" | "failed"; readonly code: string; readonly again: Again | undefined };

/** Trying again may help; `afterMs` is what the server asked for. */
type Again = { readonly afterMs: number };

const BASE_MS = 500;
const CAP_MS = 30_000;
/** Of refusals other than 503, those that a later try may not meet. */
const PASSING: readonly number[] = [408, 429];
const IN_FLIGHT = "idempotency-in-flight";

export function verdictOf(reply: Reply | undefined): Verdict {
  if (reply === undefined) return { outcome: "failed", code: "no-reply", again: { afterMs: 0 } };
  const { status, headers } = reply;
  if (status === 200) return { outcome: "answered" };
  if (status === 202)
    return { outcome: "receipt", id: (headers.get("location") ?? "").replace("/receipts/", "") };
  const code = codeIn(reply);
  const outcome: CallOutcome = (status >= 400 && status < 500) || status === 503 ? "refused" : "failed";
  const mayPass = status >= 500 || PASSING.includes(status) || code === IN_FLIGHT;
  const afterMs = 1_000 * (Number(headers.get("retry-after")) || 0);
  return { outcome, code, again: mayPass ? { afterMs } : undefined };
}

/** As long as the server asked for, and then some: exponential with full jitter, so that they do not all come back at once. */
export function pauseMs({ afterMs }: Again, requestsMade: number, chance: number): number {
  return afterMs + chance * Math.min(CAP_MS, BASE_MS * 2 ** (requestsMade - 1));
}

function codeIn({ status, body }: Reply): string {
  try {
    const { code } = JSON.parse(body) as { readonly code?: unknown };
    if (typeof code === "string") return code;
  } catch {
    // Not a problem of Spillway's.
  }
  return String(status);
}
