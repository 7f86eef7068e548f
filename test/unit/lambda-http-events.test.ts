// Requests and replies of functions, as tables: what the platform's documents show is what the door sees.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { APIGatewayProxyEventV2, LambdaFunctionURLEvent, SQSEvent } from "aws-lambda";
import { bodyOf, type Reply } from "../../src/door/exchange.ts";
import { EventRequest, type HttpEvent, resultOf } from "../../src/lambda/http-event.ts";
import { messageOf, type SqsEvent } from "../../src/lambda/sqs-event.ts";
import { httpEvent, sqsRecord } from "../support/function-events.ts";

// What the platform's types say is what these functions take.
const takes: (gateway: APIGatewayProxyEventV2, url: LambdaFunctionURLEvent) => readonly HttpEvent[] = (
  ...all
) => all;
const takesToo: (records: SQSEvent) => SqsEvent = (event) => event;

suite("a request that comes as an event", () => {
  test("keeps its method, path and query as they were sent", () => {
    const request = new EventRequest(httpEvent("DELETE", "/receipts/a%2Fb", { query: "a=1&b=%20&b=2" }));
    const { method, path, query, fromLoopback } = request;
    assert.deepEqual(
      [method, path, query, fromLoopback],
      ["DELETE", "/receipts/a%2Fb", "a=1&b=%20&b=2", false],
    );
  });

  test("is at the path behind the stage's name, where the stage has one", () => {
    const at = (rawPath: string, stage: string) =>
      new EventRequest(httpEvent("GET", rawPath, { stage })).path;
    assert.equal(at("/live/receipts/1", "live"), "/receipts/1");
    assert.equal(at("/live", "live"), "/");
    // By a custom domain the name is not in the path.
    assert.equal(at("/lively/receipts", "live"), "/lively/receipts");
    assert.equal(at("/$default/receipts", "$default"), "/$default/receipts");
  });

  test("has its headers by lower-case names, and its cookies as the header they were", () => {
    const { headers } = new EventRequest(
      httpEvent("GET", "/", { headers: { "X-Two": "1,2" }, cookies: ["a=1", "b=2"] }),
    );
    assert.equal(headers["x-two"], "1,2");
    assert.equal(headers["cookie"], "a=1; b=2");
    assert.equal(new EventRequest(httpEvent("GET", "/")).headers["cookie"], undefined);
  });

  for (const [what, body, bytes] of [
    ["text", '{"name":"é"}', Buffer.from('{"name":"é"}')],
    ["base64", new Uint8Array([0, 255, 128]), Buffer.from([0, 255, 128])],
    ["nothing", undefined, Buffer.alloc(0)],
  ] as const) {
    test(`has its body byte for byte, sent as ${what}`, async () => {
      const request = new EventRequest(httpEvent("POST", "/", body === undefined ? {} : { body }));
      assert.deepEqual(await bodyOf(request, 100), { kind: "read", bytes });
    });
  }

  test("is over a limit by its bytes, not by its characters", async () => {
    const request = () => new EventRequest(httpEvent("POST", "/", { body: "éé" }));
    assert.equal((await bodyOf(request(), 4)).kind, "read");
    assert.equal((await bodyOf(request(), 3)).kind, "too-large");
  });

  test("is refused with the next step where it is an event of another kind", () => {
    const restApi = { resource: "/", path: "/", httpMethod: "GET", requestContext: { stage: "live" } };
    assert.throws(() => new EventRequest(restApi as unknown as HttpEvent), /PayloadFormatVersion "2\.0"/);
  });
});

suite("a reply that leaves as an answer", () => {
  const reply = (more: Partial<Reply> = {}): Reply => ({
    status: 200,
    headers: ["X-A", "1"],
    body: "{}",
    ...more,
  });

  test("has its status, its headers by lower-case names, and its body", () => {
    const result = { statusCode: 200, headers: { "x-a": "1" }, body: "{}", isBase64Encoded: false };
    assert.deepEqual(resultOf(reply(), "GET"), result);
  });

  test("joins a header that is there twice, and keeps cookies apart", () => {
    const headers = ["vary", "Origin", "set-cookie", "a=1, 2", "Vary", "Accept", "set-cookie", "b=2"];
    const result = resultOf(reply({ headers }), "GET");
    assert.deepEqual(result.headers, { vary: "Origin, Accept" });
    assert.deepEqual(result.cookies, ["a=1, 2", "b=2"]);
  });

  test("is base64 where it is no text", () => {
    const result = resultOf(reply({ body: "", bytes: new Uint8Array([0, 255]) }), "GET");
    assert.deepEqual([result.body, result.isBase64Encoded], ["AP8=", true]);
  });

  test("has no body for HEAD", () => {
    assert.equal(resultOf(reply(), "HEAD").body, "");
  });

  test("that is larger than a function may send is a problem that says so", () => {
    const quotes = JSON.stringify('"'.repeat(1_700_000));
    const result = resultOf(reply({ body: quotes }), "GET");
    assert.equal(result.statusCode, 501);
    assert.match(result.body, /"code":"not-on-this-deployment".*limit=10/);
    assert.equal(resultOf(reply({ body: "x".repeat(6_000_000) }), "GET").statusCode, 200);
  });
});

suite("a message that comes as a record", () => {
  const urls = ["http://localhost:4566/123456789012/other", "http://localhost:4566/123456789012/my-queue"];

  test("has what is needed to claim its row and to hide it", () => {
    const message = messageOf(sqsRecord({ body: "{}", attributes: { ApproximateReceiveCount: "3" } }), urls);
    assert.equal(message.receiveCount, 3);
    assert.equal(message.queueUrl, urls[1]);
    assert.equal(message.body, "{}");
  });

  test("of a queue that nobody named is found by its ARN", () => {
    const { queueUrl } = messageOf(sqsRecord({ body: "{}" }), []);
    assert.equal(queueUrl, "https://sqs.us-east-1.amazonaws.com/123456789012/my-queue");
  });
});

void takes;
void takesToo;
