/** Accept mode `direct`: what the edge checks, what it puts into the queue, and that it never says 202 for what SQS refused. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as z from "zod";
import { spillway } from "../../src/app/app.ts";
import { operation, type SpecOptions } from "../../src/core/operation.ts";
import { inputSchemaOf } from "../../src/core/schema.ts";
import { memory } from "../../src/engines/memory/index.ts";
import { planOf } from "../../src/synth/plan.ts";
import type { JsonObject, Template } from "../../src/synth/template/cloudformation.ts";
import { edgeSchemaOf } from "../../src/synth/template/edge-schema.ts";
import { templateFor } from "../../src/synth/template/template.ts";

type Options = Partial<SpecOptions<z.ZodType, undefined>>;

const Order = z.object({ sku: z.string().min(1).max(64), quantity: z.int().min(1) });

function templateOf(options: Options = {}, authenticate?: () => undefined): Template {
  const one = operation({ name: "place-order", input: Order, flow: "event", ...options }, () => {});
  const other = operation({ name: "other", input: Order, flow: "event" }, () => {});
  const app = spillway({
    operations: [one, other],
    engine: memory(),
    ...(authenticate && { authenticate }),
  });
  const planned = planOf(app.options, { direct: ["place-order"] });
  assert.ok(planned.kind === "planned", JSON.stringify(planned));
  return templateFor(planned.plan);
}

const properties = ({ Resources }: Template, id: string) => Resources[id]?.Properties as JsonObject;
const method = (template: Template) => properties(template, "DirectOperationsPlaceOrderMethod");
const integration = (template: Template) => method(template)["Integration"] as JsonObject;

function messageOf(template: Template): string {
  const { RequestTemplates } = integration(template) as { readonly RequestTemplates: JsonObject };
  return String(RequestTemplates["application/json"]);
}

describe("an operation that is called directly", () => {
  const template = templateOf();

  test("is the only one that is", () => {
    const methods = Object.values(template.Resources).filter(
      ({ Type }) => Type === "AWS::ApiGateway::Method",
    );
    assert.equal(methods.length, 1);
  });

  test("has its own route there too", () => {
    const routed = templateOf({ route: "/shop/orders" });
    assert.equal(properties(routed, "DirectShopOrdersMethod")["HttpMethod"], "POST");
    assert.deepEqual(properties(routed, "DirectShopOrders")["ParentId"], { Ref: "DirectShop" });
  });

  test("may only send, and only to its own queue", () => {
    const role = JSON.stringify(properties(template, "DirectRole")["Policies"]);
    assert.match(
      role,
      /"Action":\["sqs:SendMessage"\],"Resource":\[\{"Fn::GetAtt":\["QueuePlaceOrder","Arn"\]\}\]/,
    );
  });

  test("is answered 202 for what SQS took, and for nothing else", () => {
    const responses = integration(template)["IntegrationResponses"] as readonly JsonObject[];
    const statuses = responses.map((one) => [one["SelectionPattern"], one["StatusCode"]]);
    assert.deepEqual(statuses, [
      ["2\\d{2}", "202"],
      ["[45]\\d{2}", "503"],
      [undefined, "500"],
    ]);
  });

  test("passes on nothing but JSON, checked", () => {
    assert.equal(integration(template)["PassthroughBehavior"], "NEVER");
    assert.deepEqual(method(template)["RequestModels"], {
      "application/json": { Ref: "DirectOperationsPlaceOrderModel" },
    });
    assert.equal(properties(template, "DirectValidator")["ValidateRequestBody"], true);
  });

  test("puts its whole input into the message, and what the function must know beside it", () => {
    const message = messageOf(template);
    assert.match(
      message,
      /^Action=SendMessage&Version=2012-11-05&MessageBody=\$util\.urlEncode\(\$input\.body\)&/,
    );
    assert.match(message, /&MessageAttribute\.1\.Name=operation&.*StringValue=place-order&/);
    assert.match(message, /&MessageAttribute\.2\.Name=accepted&.*StringValue=\$context\.requestTimeEpoch#/);
    assert.match(message, /#if\(.*!= ""\)&MessageAttribute\.3\.Name=key&.*#end#end$/);
    assert.doesNotMatch(message, /principal/);
  });

  test("requires a key at the edge where it requires one at all", () => {
    const header = "method.request.header.Idempotency-Key";
    assert.deepEqual(method(template)["RequestParameters"], { [header]: false });
    assert.deepEqual(method(templateOf({ idempotency: "required" }))["RequestParameters"], {
      [header]: true,
    });
  });

  test("asks who calls where the app does, at every call", () => {
    const named = templateOf({}, () => undefined);
    assert.equal(method(named)["AuthorizationType"], "CUSTOM");
    assert.equal(properties(named, "DirectAuthorizer")["AuthorizerResultTtlInSeconds"], 0);
    assert.match(
      messageOf(named),
      /\.3\.Name=principal&.*urlEncode\(\$context\.authorizer\.principalId\).*\.4\.Name=key&/,
    );
    assert.ok("AuthorizerFunction" in named.Resources && !("AuthorizerFunction" in template.Resources));
  });

  test("has receipts that may not be seen yet for as long as its queue keeps a message", () => {
    const { Variables } = properties(template, "StatusFunction")["Environment"] as Record<string, JsonObject>;
    const { MessageRetentionPeriod } = properties(template, "QueuePlaceOrder");
    assert.equal(Variables?.["SPILLWAY_DIRECT_SECONDS"], String(MessageRetentionPeriod));
  });

  test("is told in problems by the gateway itself", () => {
    const says = Object.values(template.Resources).filter(
      ({ Type }) => Type === "AWS::ApiGateway::GatewayResponse",
    );
    assert.ok(says.length >= 10);
    for (const { Properties } of says) {
      const { ResponseTemplates, StatusCode } = Properties as { readonly [name: string]: JsonObject };
      const problem = JSON.parse(String(ResponseTemplates?.["application/json"])) as JsonObject;
      assert.equal(String(problem["status"]), StatusCode);
      assert.match(String(problem["type"]), /^urn:spillway:problem:/);
    }
  });

  test("gets another deployment when another definition, and only then", () => {
    const deployment = (of: Template) =>
      Object.keys(of.Resources).find((id) => id.startsWith("DirectDeployment"));
    assert.equal(deployment(templateOf()), deployment(template));
    assert.notEqual(deployment(templateOf({ route: "/orders" })), deployment(template));
  });
});

describe("what the edge checks of an input is never stricter than its schema", () => {
  const $schema = "http://json-schema.org/draft-04/schema#";
  const rows: readonly (readonly [string, z.ZodType, JsonObject])[] = [
    [
      "members, those required, bounds",
      z.object({ sku: z.string().max(64), n: z.int().min(1).max(9).optional() }),
      {
        type: "object",
        properties: {
          sku: { type: "string", maxLength: 64 },
          n: { type: "integer", minimum: 1, maximum: 9 },
        },
        required: ["sku"],
      },
    ],
    [
      "no others, where none are allowed",
      z.strictObject({}),
      { type: "object", properties: {}, additionalProperties: false },
    ],
    [
      "a bound that the number must not reach is one that it may",
      z.number().gt(1).lt(5),
      { type: "number", minimum: 1, maximum: 5 },
    ],
    ["a letter of two halves counts once there", z.string().min(3), { type: "string", minLength: 2 }],
    ["a pattern is left to the function", z.string().regex(/^a+$/), { type: "string" }],
    [
      "one of several",
      z.union([z.string().max(9), z.null()]),
      { anyOf: [{ type: "string", maxLength: 9 }, { type: "null" }] },
    ],
    ["a value of its own", z.literal("a"), { type: "string", enum: ["a"] }],
    ["one of some values", z.enum(["a", "b"]), { type: "string", enum: ["a", "b"] }],
    ["lists", z.array(z.boolean()).max(3), { type: "array", items: { type: "boolean" }, maxItems: 3 }],
    [
      "lists with places of their own are left to the function",
      z.tuple([z.string()]),
      { type: "array", minItems: 1, maxItems: 1 },
    ],
    [
      "members of any name",
      z.record(z.string(), z.number()),
      { type: "object", additionalProperties: { type: "number" } },
    ],
  ];
  for (const [what, schema, expected] of rows) {
    test(what, () => assert.deepEqual(edgeSchemaOf(inputSchemaOf(schema)), { $schema, ...expected }));
  }

  test("a schema that refers to itself lets everything through where it does", () => {
    type Tree = { readonly children: readonly Tree[] };
    const tree: z.ZodType<Tree> = z.object({ children: z.lazy(() => z.array(tree)) });
    assert.deepEqual(edgeSchemaOf(inputSchemaOf(tree)), {
      $schema,
      type: "object",
      properties: { children: { type: "array", items: {} } },
      required: ["children"],
    });
  });
});
