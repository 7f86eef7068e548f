/** What a queue's mapping does: receives messages, calls a function with them, and deletes those it is done with. */
import { DeleteMessageCommand, ReceiveMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { BatchResult } from "../../../src/lambda/batch.ts";
import type { FunctionContext } from "../../../src/lambda/complaints.ts";
import type { SqsEvent, SqsRecord } from "../../../src/lambda/sqs-event.ts";
import { functionContext } from "../../support/function-events.ts";

type Handler = (event: SqsEvent, context: FunctionContext) => Promise<BatchResult>;

export class Poller {
  readonly #sqs: SQSClient;
  readonly #url: string;

  constructor(sqs: SQSClient, url: string) {
    this.#sqs = sqs;
    this.#url = url;
  }

  /** Waits a second for the first of them. */
  async receive(): Promise<SqsRecord[]> {
    const { Messages = [] } = await this.#sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: this.#url,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: 1,
        MessageSystemAttributeNames: ["All"],
        MessageAttributeNames: ["All"],
      }),
    );
    const name = new URL(this.#url).pathname.split("/").pop();
    return Messages.map(({ MessageId = "", ReceiptHandle = "", Body = "", Attributes = {} }) => ({
      messageId: MessageId,
      receiptHandle: ReceiptHandle,
      body: Body,
      attributes: { ApproximateReceiveCount: "1", ...Attributes },
      eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:${name}`,
    }));
  }

  /** One invocation; how many messages were received, and how many of them stay. */
  async invoke(handler: Handler, context = functionContext()): Promise<{ received: number; kept: number }> {
    return this.hand(await this.receive(), handler, context);
  }

  async hand(records: SqsRecord[], handler: Handler, context = functionContext()) {
    const { batchItemFailures } = await handler({ Records: records }, context);
    const kept = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    const done = records.filter(({ messageId }) => !kept.has(messageId));
    await Promise.all(
      done.map(({ receiptHandle }) =>
        this.#sqs.send(new DeleteMessageCommand({ QueueUrl: this.#url, ReceiptHandle: receiptHandle })),
      ),
    );
    return { received: records.length, kept: kept.size };
  }
}
