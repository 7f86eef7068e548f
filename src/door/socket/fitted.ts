/**
 * Frames for a transport that takes messages up to a size. An output and its receipt always fit; what may not is the
 * problem of a handler that says very much.
 */
import { byteLength } from "../../core/sizes.ts";

/** Of one message, at API Gateway. */
const MOST_BYTES = 128 * 1024;

type Told = { readonly [member: string]: unknown };

/** As it is, or with its problem cut to what a client switches on; then it says so, and the receipt has the whole. */
export function fitted(text: string): string {
  if (byteLength(text) <= MOST_BYTES) return text;
  const { problem, receipt, ...frame } = JSON.parse(text) as Told;
  return JSON.stringify({
    ...frame,
    ...(problem !== undefined && { problem: brief(problem as Told) }),
    ...(receipt !== undefined && { receipt: withBriefError(receipt as Told) }),
    truncated: true,
  });
}

function withBriefError(receipt: Told): Told {
  return typeof receipt["error"] === "object"
    ? { ...receipt, error: brief(receipt["error"] as Told) }
    : receipt;
}

const LONGEST_TITLE = 1_000;

function brief({ type, title, status, code }: Told): Told {
  return { type, title: String(title).slice(0, LONGEST_TITLE), status, code };
}
