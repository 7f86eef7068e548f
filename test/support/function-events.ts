/** Events as the platform's documentation shows them, with what a test changes; and a context with a time of its own. */
import type { FunctionContext } from "../../src/lambda/complaints.ts";
import type { HttpEvent } from "../../src/lambda/http-event.ts";
import type { SqsRecord } from "../../src/lambda/sqs-event.ts";

type Told = {
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
  readonly query?: string;
  readonly body?: string | Uint8Array;
  readonly stage?: string;
  readonly domainName?: string;
  readonly timeEpoch?: number;
};

/** Of an HTTP API, payload format 2.0. A body of bytes comes in base64, as it does for types that are no text. */
export function httpEvent(method: string, rawPath: string, told: Told = {}): HttpEvent {
  const { query = "", cookies, body, stage = "$default", timeEpoch } = told;
  const domainName = told.domainName ?? "id.execute-api.us-east-1.amazonaws.com";
  const event = {
    version: "2.0",
    routeKey: "$default",
    rawPath,
    rawQueryString: query,
    ...(cookies && { cookies }),
    headers: {
      accept: "*/*",
      host: domainName,
      "x-forwarded-for": "192.0.2.1",
      "x-forwarded-proto": "https",
      ...told.headers,
    },
    requestContext: {
      accountId: "123456789012",
      apiId: "id",
      domainName,
      domainPrefix: "id",
      http: { method, path: rawPath, protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "agent" },
      requestId: "JKJaXmPLvHcESHA=",
      routeKey: "$default",
      stage,
      time: "12/Mar/2026:19:03:58 +0000",
      ...(timeEpoch !== undefined && { timeEpoch }),
    },
    isBase64Encoded: typeof body === "object",
  };
  if (body === undefined) return event;
  return { ...event, body: typeof body === "string" ? body : Buffer.from(body).toString("base64") };
}

export function jsonEvent(
  method: string,
  path: string,
  input: unknown,
  headers: Told["headers"] = {},
): HttpEvent {
  return httpEvent(method, path, {
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(input),
  });
}

const ATTRIBUTES = {
  ApproximateReceiveCount: "1",
  SentTimestamp: "1545082649183",
  SenderId: "AIDAIENQZJOLO23YVJ4VO",
  ApproximateFirstReceiveTimestamp: "1545082649185",
};

export function sqsRecord(told: Partial<SqsRecord> & Pick<SqsRecord, "body">): SqsRecord {
  return {
    messageId: "059f36b4-87a3-44ab-83d2-661975830a7d",
    receiptHandle: "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
    attributes: ATTRIBUTES,
    eventSourceARN: "arn:aws:sqs:us-east-1:123456789012:my-queue",
    ...told,
  };
}

/** With so much time from now. */
export function functionContext(ms = 30_000): FunctionContext {
  const end = performance.now() + ms;
  return {
    functionName: "spillway-http",
    logStreamName: "2026/03/12/[$LATEST]0123456789abcdef0123456789abcdef",
    awsRequestId: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    getRemainingTimeInMillis: () => Math.max(0, end - performance.now()),
  };
}
