/** An app's functions on emulated AWS, its sockets among them: what API Gateway and the poller would hand to them. */
import assert from "node:assert/strict";
import { ReceiveMessageCommand, SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { App } from "../../../src/app/app.ts";
import type { DeliveredSource } from "../../../src/engines/aws/index.ts";
import { deliveredAws } from "../../../src/engines/aws/index.ts";
import { type DeadHandler, deadFunction } from "../../../src/lambda/dead-function.ts";
import { type HttpHandler, httpFunction } from "../../../src/lambda/http-function.ts";
import { pusherOf } from "../../../src/lambda/pusher-of.ts";
import { type QueueHandler, queueFunction } from "../../../src/lambda/queue-function.ts";
import type { SocketEvent, SocketResult } from "../../../src/lambda/socket-event.ts";
import { type SocketHandler, socketFunction } from "../../../src/lambda/socket-function.ts";
import type { SqsRecord } from "../../../src/lambda/sqs-event.ts";
import { functionContext, sqsRecord } from "../../support/function-events.ts";
import type { PushedFrame } from "./connections.ts";
import type { SocketGround } from "./pushed-sockets.ts";
import { rig } from "./rig.ts";

let made = 0;

export class FunctionSockets {
  readonly source: DeliveredSource;
  readonly socket: SocketHandler;
  readonly queue: QueueHandler;
  readonly dead: DeadHandler;
  readonly http: HttpHandler;
  readonly #ground: SocketGround;
  readonly #sqs: SQSClient;

  private constructor(ground: SocketGround, app: App, source: DeliveredSource, sqs: SQSClient) {
    this.#ground = ground;
    this.#sqs = sqs;
    this.source = source;
    this.socket = socketFunction(app, source);
    this.queue = queueFunction(app, source);
    this.dead = deadFunction(app, source);
    this.http = httpFunction(app, source, { role: "gateway", pusher: pusherOf });
  }

  static async of(ground: SocketGround, app: App): Promise<FunctionSockets> {
    const on = await rig();
    const { table, queues, environment } = ground.store;
    Object.assign(process.env, environment, {
      SPILLWAY_SOCKET_ENDPOINT: ground.connections.url,
      POWERTOOLS_LOG_LEVEL: "SILENT",
      POWERTOOLS_METRICS_DISABLED: "true",
    });
    const source = deliveredAws({ table, queues, clients: { dynamodb: on.dynamodb, sqs: () => on.sqs() } });
    return new FunctionSockets(ground, app, source, on.sqs());
  }

  /** As the gateway names headers and connections. */
  async connect(
    headers: Readonly<Record<string, string>> = {},
  ): Promise<SocketResult & { readonly connection: string }> {
    const connection = `L0SM9c${++made}FvHcCIhw=`;
    const all = { Host: "id.execute-api.us-east-1.amazonaws.com", "Sec-WebSocket-Version": "13", ...headers };
    const result = await this.#call("CONNECT", connection, {
      headers: all,
      multiValueHeaders: Object.fromEntries(Object.entries(all).map(([name, value]) => [name, [value]])),
    });
    return { ...result, connection };
  }

  /** One that is open. */
  async connected(headers: Readonly<Record<string, string>> = {}): Promise<string> {
    const { statusCode, connection } = await this.connect({
      "Sec-WebSocket-Protocol": "spillway.v1",
      ...headers,
    });
    assert.equal(statusCode, 200);
    return connection;
  }

  async say(connection: string, frame: object | string): Promise<readonly PushedFrame[]> {
    const body = typeof frame === "string" ? frame : JSON.stringify(frame);
    const { statusCode } = await this.#call("MESSAGE", connection, { body, isBase64Encoded: false });
    assert.equal(statusCode, 200);
    return this.take(connection);
  }

  async leave(connection: string): Promise<void> {
    await this.#call("DISCONNECT", connection, {});
  }

  take(connection: string): readonly PushedFrame[] {
    return this.#ground.connections.take(connection);
  }

  /** What waits in an operation's queue, hidden now. */
  async received(operation: string): Promise<readonly SqsRecord[]> {
    const QueueUrl = this.#ground.store.queues[operation];
    const { Messages = [] } = await this.#sqs.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: 1,
        MessageAttributeNames: ["All"],
      }),
    );
    return Messages.map(({ Body = "", ReceiptHandle = "", MessageId = "", MessageAttributes = {} }) =>
      sqsRecord({
        body: Body,
        messageAttributes: Object.fromEntries(
          Object.entries(MessageAttributes).map(([name, value]) => [
            name,
            { stringValue: value.StringValue },
          ]),
        ),
        receiptHandle: ReceiptHandle,
        messageId: MessageId,
        eventSourceARN: `arn:aws:sqs:us-east-1:123456789012:${QueueUrl?.split("/").at(-1)}`,
      }),
    );
  }

  /** As a gateway that fills a queue by itself does: the receipt that it answers. */
  async sentDirectly(
    operation: string,
    body: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const attributes = { operation, accepted: String(Date.now()), ...more };
    const { MessageId = "" } = await this.#sqs.send(
      new SendMessageCommand({
        QueueUrl: this.#ground.store.queues[operation],
        MessageBody: body,
        MessageAttributes: Object.fromEntries(
          Object.entries(attributes).map(([name, StringValue]) => [
            name,
            { DataType: "String", StringValue },
          ]),
        ),
      }),
    );
    return MessageId;
  }

  /** Runs them as one delivery; the identifiers of those that are to come again. */
  async run(records: readonly SqsRecord[]): Promise<readonly string[]> {
    const { batchItemFailures } = await this.queue({ Records: [...records] }, functionContext(60_000));
    return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  }

  #call(
    eventType: SocketEvent["requestContext"]["eventType"],
    connectionId: string,
    rest: Omit<SocketEvent, "requestContext">,
  ): Promise<SocketResult> {
    const requestContext = { eventType, connectionId, requestTimeEpoch: Date.now() };
    return this.socket({ requestContext, ...rest }, functionContext(29_000));
  }
}
