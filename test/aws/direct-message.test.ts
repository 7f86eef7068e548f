/** What API Gateway would put into a queue by itself: the template is run, and SQS's own protocol takes the outcome. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { JsonObject } from "../../src/synth/template/cloudformation.ts";
import { endpoints } from "./support/emulators.ts";
import { withoutMoto } from "./support/rig.ts";
import { everything } from "./support/synthesised.ts";
import { type Call, rendered } from "./support/velocity.ts";

const method = everything().Resources["DirectOperationsPlaceOrderMethod"]?.Properties as JsonObject;
const { RequestTemplates, IntegrationResponses } = method["Integration"] as {
  readonly RequestTemplates: Readonly<Record<string, string>>;
  readonly IntegrationResponses: readonly { readonly ResponseTemplates: JsonObject }[];
};

const call = (body: string, headers: Readonly<Record<string, string>> = {}): Call => ({
  body,
  headers: { Accept: "*/*", ...headers },
  context: { requestTimeEpoch: 1_700_000_000_000, authorizer: { principalId: "ann & bob" } },
});

suite("a direct call's message", { skip: withoutMoto }, () => {
  /** Moto speaks the query protocol for SQS too, in the process that has DynamoDB. */
  async function received(one: Call) {
    const { dynamodb: endpoint } = await endpoints();
    const credentials = { accessKeyId: "emulated", secretAccessKey: "emulated" };
    const sqs = new SQSClient({ endpoint, region: "us-east-1", credentials });
    const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: crypto.randomUUID() }));
    const answer = await fetch(new URL(new URL(QueueUrl).pathname, endpoint), {
      method: "POST",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        authorization: "AWS4-HMAC-SHA256 Credential=emulated/20260101/us-east-1/sqs/aws4_request",
      },
      body: rendered(RequestTemplates["application/json"] ?? "", one),
    });
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ["All"] }),
    );
    sqs.destroy();
    const [message] = Messages;
    const attributes = Object.entries(message?.MessageAttributes ?? {});
    return {
      status: answer.status,
      body: message?.Body,
      attributes: Object.fromEntries(attributes.map(([name, { StringValue }]) => [name, StringValue])),
    };
  }

  const known = { operation: "place-order", accepted: "1700000000000", principal: "ann & bob" };

  test("is the input as it was sent, whatever letters are in it, with what the function must know", async () => {
    const body = JSON.stringify({ sku: 'a&b=c+d%20"é€😀\\u0000', quantity: 1 }, null, 2);
    assert.deepEqual(await received(call(body)), { status: 200, body, attributes: known });
  });

  test("has the key however its header is written", async () => {
    for (const name of ["Idempotency-Key", "idempotency-key"]) {
      const { attributes } = await received(call("{}", { [name]: '"order 1&2"' }));
      assert.deepEqual(attributes, { ...known, key: '"order 1&2"' });
    }
  });

  test("has no key where its header is empty, which SQS would refuse", async () =>
    assert.deepEqual((await received(call("{}", { "Idempotency-Key": "" }))).attributes, known));

  test("may be as large as an input may be", async () => {
    const body = JSON.stringify({ sku: "x".repeat(256 * 1_024 - 10) });
    assert.equal((await received(call(body))).body?.length, body.length);
  });
});

test("a direct call is answered with the message's id and where its receipt will be", () => {
  const responses: Record<string, Record<string, string>> = {};
  const template = IntegrationResponses[0]?.ResponseTemplates["application/json"] as JsonObject;
  const address = String(template["Fn::Sub"])
    .replace("${HttpApi}", "api")
    .replace("${AWS::Region}", "eu-west-1")
    .replace("${AWS::URLSuffix}", "amazonaws.com");
  const text = rendered(address, {
    ...call("{}"),
    context: { requestTimeEpoch: 1_700_000_000_000, responseOverride: responses },
    answer: { SendMessageResponse: { SendMessageResult: { MessageId: "an-id" } } },
  });
  assert.deepEqual(JSON.parse(text), { id: "an-id", operation: "place-order", status: "queued" });
  assert.equal(
    responses["header"]?.["Location"],
    "https://api.execute-api.eu-west-1.amazonaws.com/receipts/an-id?accepted=1700000000000",
  );
});
