/** What a queue's mapping hands to a function, as messages of the engine's. */
import type { Message } from "../engines/aws/message.ts";

/** The part of the platform's event that is used here. */
export type SqsRecord = {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: { readonly ApproximateReceiveCount: string };
  readonly messageAttributes?: Readonly<Record<string, { readonly stringValue?: string | undefined }>>;
  readonly eventSourceARN: string;
};

export type SqsEvent = { readonly Records: SqsRecord[] };

/** Whether a gateway put it there by itself: by its attributes, never by its body, in which anything may stand. */
export function isDirect({ messageAttributes }: SqsRecord): boolean {
  return messageAttributes?.["operation"] !== undefined;
}

/** @param urls of the queues that are known; the function may be fed by one that is not */
export function messageOf(record: SqsRecord, urls: readonly string[]): Message {
  const { messageId, receiptHandle, body } = record;
  const receiveCount = Number(record.attributes.ApproximateReceiveCount);
  const queueUrl = urlOf(record.eventSourceARN, urls);
  return { messageId, body, receiptHandle, receiveCount, queueUrl, attributes: { ...record.attributes } };
}

/** An event names its queue by ARN, and requests want its URL. */
function urlOf(arn: string, urls: readonly string[]): string {
  const [, , , region, account, name] = arn.split(":");
  const known =
    urls.find((url) => url.endsWith(`/${account}/${name}`)) ?? urls.find((url) => url.endsWith(`/${name}`));
  return known ?? `https://sqs.${region}.amazonaws.com/${account}/${name}`;
}
