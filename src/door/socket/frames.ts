/**
 * The frames of `spillway.v1` (docs/wire.md §3): what a client may send, checked, and the text of what it is sent.
 * Receipts and outputs are JSON text already and are put into a frame as they are.
 */
import type { Cursor } from "../../core/engine.ts";
import { type Problem, problem } from "../../core/errors.ts";
import type { JobId, JsonText } from "../../core/job.ts";
import { JSON_LIMITS, type JsonValue, readJsonText } from "../../core/json.ts";
import { LONGEST_KEY } from "../../core/keyed.ts";

/** Names a client's frame, and is echoed in the answer to it. */
export type FrameRef = string | number | undefined;

export type CallFrame = {
  readonly kind: "call";
  readonly operation: string;
  readonly input: JsonValue;
  readonly key: string | undefined;
  readonly prefer: string | undefined;
};

type ClientFrame =
  | { readonly kind: "subscribe" | "unsubscribe"; readonly receipt: JobId }
  | { readonly kind: "subscribe-mine"; readonly after: Cursor | undefined }
  | { readonly kind: "unsubscribe-mine" | "ping" }
  | CallFrame
  | { readonly kind: "bad"; readonly problem: Problem };

type ReadFrame = { readonly ref: FrameRef; readonly frame: ClientFrame };

type Members = { readonly [name: string]: JsonValue };

const LONGEST_REF = 256;
/** An input may be as deep and as wide here as in a body of its own: its frame adds a level and six members. */
const FRAME_LIMITS = { maxDepth: JSON_LIMITS.maxDepth + 1, maxKeys: JSON_LIMITS.maxKeys + 6 };

export function readFrame(text: string): ReadFrame {
  const read = readJsonText(text, FRAME_LIMITS);
  if (!read.ok)
    return { ref: undefined, frame: { kind: "bad", problem: problem("malformed-json", read.detail) } };
  const { value } = read;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { ref: undefined, frame: bad("A frame is a JSON object.") };
  }
  const members = value as Members;
  const { ref } = members;
  if (ref === undefined || typeof ref === "number") return { ref, frame: frameOf(members) };
  if (typeof ref === "string" && ref.length <= LONGEST_REF) return { ref, frame: frameOf(members) };
  return {
    ref: undefined,
    frame: bad(`ref must be a number or a string of up to ${LONGEST_REF} characters.`),
  };
}

/** Members it does not know are passed over, so that a newer client can talk to an older server. */
function frameOf(members: Members): ClientFrame {
  switch (members["type"]) {
    case "ping":
      return { kind: "ping" };
    case "call":
      return callOf(members);
    case "subscribe":
    case "unsubscribe":
      return subscriptionOf(members["type"], members);
    default:
      return bad("type must be one of subscribe, unsubscribe, call, ping.");
  }
}

function subscriptionOf(kind: "subscribe" | "unsubscribe", { receipt, mine, after }: Members): ClientFrame {
  if (typeof receipt === "string" && mine === undefined) return { kind, receipt };
  if (mine !== true || receipt !== undefined)
    return bad('It takes either "receipt", an id, or "mine": true.');
  if (kind === "unsubscribe") return { kind: "unsubscribe-mine" };
  if (after !== undefined && typeof after !== "string")
    return bad("after must be a cursor of a status frame.");
  return { kind: "subscribe-mine", after };
}

function callOf({ operation, input, idempotencyKey: key, prefer }: Members): ClientFrame {
  if (typeof operation !== "string") return bad("operation must be a name.");
  if (input === undefined) return bad("input is missing.");
  if (key !== undefined && !isKey(key)) {
    return bad(`idempotencyKey must be a string of 1–${LONGEST_KEY} printable ASCII characters.`);
  }
  // `Prefer` never causes an error.
  return { kind: "call", operation, input, key, prefer: typeof prefer === "string" ? prefer : undefined };
}

function isKey(key: JsonValue): key is string {
  return typeof key === "string" && key.length <= LONGEST_KEY && /^[\x20-\x7e]+$/.test(key);
}

export function bad(detail: string): { readonly kind: "bad"; readonly problem: Problem } {
  return { kind: "bad", problem: problem("malformed-request", detail) };
}

/** What stands beside an answer where HTTP would say it in a header. */
export type FrameNotes = {
  readonly retryAfter?: number;
  readonly applied?: string;
  readonly replayed?: boolean;
};

export const frames = {
  status: (ref: FrameRef, receipt: JsonText, cursor?: Cursor) =>
    frame("status", ref, "receipt", receipt, cursor === undefined ? {} : { cursor }),
  answer: (ref: FrameRef, output: JsonText, notes: FrameNotes) =>
    frame("answer", ref, "output", output, notes),
  receipt: (ref: FrameRef, receipt: JsonText, notes: FrameNotes) =>
    frame("receipt", ref, "receipt", receipt, notes),
  /** `about`: the receipt that a subscription was for. */
  problem: (ref: FrameRef, error: Problem, notes: FrameNotes & { readonly receipt?: JobId } = {}) =>
    frame("problem", ref, "problem", JSON.stringify(error), notes),
  plain: (
    type: "pong" | "subscribed" | "unsubscribed",
    ref: FrameRef,
    about: { readonly receipt?: JobId; readonly mine?: true } = {},
  ) => JSON.stringify({ type, ref, ...about }),
};

function frame(type: string, ref: FrameRef, name: string, text: JsonText, more: object): string {
  const head = ref === undefined ? "" : `,"ref":${JSON.stringify(ref)}`;
  const rest = JSON.stringify(more).slice(1);
  return `{"type":"${type}"${head},"${name}":${text}${rest === "}" ? rest : `,${rest}`}`;
}
