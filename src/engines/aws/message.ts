/** What SQS carries: a notice that a job may be ready, never the job. Its row says what is true. */
import type { Message as Received, SendMessageBatchRequestEntry } from "@aws-sdk/client-sqs";
import type { JobId } from "../../core/job.ts";

export type Notice = {
  readonly id: JobId;
  readonly operation: string;
  /** Not to be delivered sooner; SQS counts in seconds, and to 15 minutes. */
  readonly delayMs?: number;
};

export type Message = {
  readonly messageId: string;
  readonly body: string;
  readonly receiptHandle: string;
  /** How often it was delivered, this time included; about so. */
  readonly receiveCount: number;
  readonly queueUrl: string;
  readonly attributes: Readonly<Record<string, string>>;
};

export const LONGEST_DELAY_MS = 900_000;
const LONGEST_VISIBILITY_S = 43_200;
const FORMAT = 1;

export function entryOf(notice: Notice, index: number): SendMessageBatchRequestEntry {
  const { id, operation, delayMs = 0 } = notice;
  const DelaySeconds = Math.ceil(Math.min(Math.max(delayMs, 0), LONGEST_DELAY_MS) / 1000);
  return {
    Id: String(index),
    MessageBody: JSON.stringify({ spillway: FORMAT, id, operation }),
    ...(DelaySeconds > 0 && { DelaySeconds }),
  };
}

export const visibilitySeconds = (ms: number): number =>
  Math.min(Math.max(Math.ceil(ms / 1000), 0), LONGEST_VISIBILITY_S);

/** Undefined: not one of ours. */
export function noticeIn(body: string): Notice | undefined {
  let parsed: { spillway?: unknown; id?: unknown; operation?: unknown } | null;
  try {
    parsed = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null || parsed.spillway !== FORMAT) return undefined;
  const { id, operation } = parsed;
  return typeof id === "string" && typeof operation === "string" ? { id, operation } : undefined;
}

export function messageOf(received: Received, queueUrl: string): Message {
  const attributes = received.Attributes ?? {};
  return {
    messageId: received.MessageId ?? "",
    body: received.Body ?? "",
    receiptHandle: received.ReceiptHandle ?? "",
    receiveCount: Number(attributes.ApproximateReceiveCount ?? 1),
    queueUrl,
    attributes,
  };
}
