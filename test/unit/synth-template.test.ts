/** The template: the same for the same app, nothing permitted that is not needed, and nothing that points nowhere. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { app } from "../../examples/orders/app.ts";
import { operation } from "../../src/core/operation.ts";
import { type Plan, planOf } from "../../src/synth/plan.ts";
import {
  type Json,
  type JsonObject,
  type Template,
  templateText,
} from "../../src/synth/template/cloudformation.ts";
import { overfull } from "../../src/synth/template/environment.ts";
import { functionsOf } from "../../src/synth/template/functions.ts";
import { templateFor } from "../../src/synth/template/template.ts";
import { anything } from "../support/schemas.ts";

const SNAPSHOT = join(import.meta.dirname, "synth-orders.template");

function planned(choices?: Parameters<typeof planOf>[1]): Plan {
  const result = planOf(app.options, choices);
  assert.equal(result.kind, "planned", JSON.stringify(result));
  return (result as Extract<typeof result, { kind: "planned" }>).plan;
}

const template = templateFor(planned());

/** Every object in it that has this member. */
function found(value: Json | undefined, member: string): readonly Json[] {
  if (typeof value !== "object" || value === null) return [];
  const inside = Object.values(value).flatMap((one) => found(one, member));
  return member in value ? [(value as JsonObject)[member] as Json, ...inside] : inside;
}

const resources = ({ Resources }: Template, type: string) =>
  Object.entries(Resources).filter(([, { Type }]) => Type === type);

describe("the template of the orders example", () => {
  test("is what it was; if it is meant to change: --test-update-snapshots", (context) =>
    context.assert.fileSnapshot(templateText(template), SNAPSHOT, { serializers: [String] }));

  test("is the same whatever order the operations are given in", () => {
    const backwards = planOf({ ...app.options, operations: app.options.operations.toReversed() });
    assert.ok(backwards.kind === "planned");
    assert.equal(templateText(templateFor(backwards.plan)), templateText(template));
  });

  test("permits no wildcard but that of connections that are yet to come", () => {
    for (const [, { Properties }] of resources(template, "AWS::IAM::Role")) {
      for (const action of found(Properties, "Action").flat()) assert.doesNotMatch(String(action), /\*/);
      for (const resource of found(Properties, "Resource").flat()) {
        const text = JSON.stringify(resource);
        assert.doesNotMatch(text.replace(/\/@connections\/\*"/, ""), /\*/);
      }
    }
  });

  test("lets the functions of receipts and event streams read only", () => {
    for (const id of ["StatusFunctionRole", "EventsFunctionRole"]) {
      const actions = found(template.Resources[id]?.Properties, "Action").flat().map(String);
      const writing = actions.filter((action) => !/:(?:Get|BatchGet|Query|AssumeRole)/.test(action));
      assert.deepEqual(writing, ["logs:CreateLogStream", "logs:PutLogEvents"]);
    }
  });

  test("gives the operator's token to no function but the one that administers", () => {
    const given = resources(template, "AWS::Lambda::Function").filter(([, { Properties }]) =>
      JSON.stringify(Properties).includes("AdminToken"),
    );
    assert.deepEqual(
      given.map(([id]) => id),
      ["HttpFunction"],
    );
  });

  test("watches what callers are answered, since a function that answers 503 has not failed", () => {
    const alarms = resources(template, "AWS::CloudWatch::Alarm").filter(([, { Properties }]) =>
      found(Properties, "MetricName").includes("5xx"),
    );
    assert.equal(alarms.length, 1);
    assert.deepEqual(found(alarms[0]?.[1].Properties, "Ref").includes("HttpApi"), true);
  });

  test("points at nothing that it does not have", () => {
    const { Resources, Parameters } = template;
    const known = new Set([...Object.keys(Resources), ...Object.keys(Parameters)]);
    const all = { Resources, Outputs: template.Outputs } as unknown as JsonObject;
    const referred = [
      ...found(all, "Ref"),
      ...found(all, "Fn::GetAtt").map((pair) => (pair as readonly Json[])[0]),
      ...found(all, "DependsOn").flat(),
      ...found(all, "Fn::Sub").flatMap((text) =>
        [...String(text).matchAll(/\$\{([^}]+)\}/g)].map((match) => match[1]?.split(".")[0]),
      ),
    ].map(String);
    const nowhere = referred.filter((id) => !known.has(id) && !id.startsWith("AWS::"));
    assert.deepEqual(nowhere, []);
    assert.ok(referred.length > 100);
  });

  test("keeps what was promised when the stack goes or a change replaces it", () => {
    const kept = [...resources(template, "AWS::DynamoDB::Table"), ...resources(template, "AWS::SQS::Queue")];
    assert.equal(kept.length, 5);
    for (const [id, resource] of kept) {
      assert.deepEqual([id, resource.DeletionPolicy, resource.UpdateReplacePolicy], [id, "Retain", "Retain"]);
    }
  });

  test("gives functions the wiring that they read", () => {
    const { Environment } = (template.Resources["HttpFunction"]?.Properties ?? {}) as JsonObject;
    const { Variables } = Environment as { readonly Variables: JsonObject };
    assert.deepEqual(JSON.parse(String(Variables["SPILLWAY_SHARES"])), {
      "operations/burst": { atOnce: 16 },
      "operations/database": { atOnce: 16 },
      "operations/get-order": { atOnce: 16 },
      "resources/orders-db": { atOnce: 5 },
    });
    assert.deepEqual(JSON.parse(String(Variables["SPILLWAY_LIMITS"])), {
      burst: ["operations/burst"],
      database: ["operations/database"],
      "get-order": ["operations/get-order"],
      "place-order": ["resources/orders-db"],
      // Takes no slot, and waits while an operator has paused its resource.
      "place-order-event": ["resources/orders-db"],
      "place-order-request": ["resources/orders-db"],
    });
    const { "Fn::Sub": urls } = Variables["SPILLWAY_QUEUES"] as JsonObject;
    assert.deepEqual(JSON.parse(String(urls)), {
      "send-confirmation": "${QueueSendConfirmation}",
      "place-order": "${QueueOrdersDb}",
      "place-order-event": "${QueueOrdersDb}",
    });
  });
});

describe("choices", () => {
  test("reserve nothing where the account has nothing to spare", () => {
    assert.equal(
      found(templateFor(planned({ reserve: false })) as unknown as JsonObject, "ReservedConcurrentExecutions")
        .length,
      0,
    );
    assert.deepEqual(
      found(template as unknown as JsonObject, "ReservedConcurrentExecutions").toSorted(),
      [2, 5, 50],
    );
  });

  test("give what handlers may do besides to the functions that run them", () => {
    const policy = "arn:aws:iam::123456789012:policy/Mail";
    const roles = resources(templateFor(planned({ policies: [policy] })), "AWS::IAM::Role");
    const given = roles.filter(([, { Properties }]) => JSON.stringify(Properties).includes(policy));
    assert.deepEqual(given.map(([id]) => id.replace(/Role$/, "")).sort(), [
      "HttpFunction",
      "QueueOrdersDbFunction",
      "QueueSendConfirmationFunction",
      "SocketFunction",
    ]);
  });

  test("give the functions their memory and the queues their window", () => {
    const { Resources } = templateFor(planned({ memoryMiB: 1_024, windowSeconds: 5 }));
    assert.equal(Resources["HttpFunction"]?.Properties["MemorySize"], 1_024);
    assert.equal(Resources["QueueOrdersDbMapping"]?.Properties["MaximumBatchingWindowInSeconds"], 5);
    assert.equal(Resources["QueueOrdersDb"]?.Properties["VisibilityTimeout"], 605);
  });
});

describe("a function's environment", () => {
  const many = (count: number) =>
    functionsOf(planOfMany(Array.from({ length: count }, (_, place) => `an-operation-${place}`)));

  test("has room for twenty queues", () => assert.deepEqual(overfull(many(20)), []));

  test("is refused before AWS would refuse it", () => {
    const [refusal] = overfull(many(60));
    assert.match(refusal?.reason ?? "", /has about \d+ bytes, and AWS gives a function 4096/);
  });
});

function planOfMany(names: readonly string[]): Plan {
  const operations = names.map((name) => operation({ name, input: anything, flow: "event" }, () => {}));
  const planned = planOf({ ...app.options, operations });
  assert.ok(planned.kind === "planned");
  return planned.plan;
}
