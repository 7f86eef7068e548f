// The doctor against the template that is synthesised of the orders example: it has nothing to say of it as it is, and of
// each trap that somebody may edit into it, it names that one and nothing else.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { app as orders } from "../../examples/orders/app.ts";
import { examine, isUnsafe } from "../../src/doctor/examine.ts";
import { rules } from "../../src/doctor/rules/all.ts";
import { type Choices, type Plan, planOf } from "../../src/synth/plan.ts";
import { templateFor } from "../../src/synth/template/template.ts";

type Bag = { [name: string]: unknown };
type Resources = { [id: string]: { Type: string; Properties: Bag } & Bag };
type Trap = {
  readonly trap: string;
  readonly plant: (resources: Resources) => void;
  /** What is named, in the order in which it is. */
  readonly named: readonly (readonly [rule: string, resource: string])[];
  readonly says: RegExp;
};

/** One that asks who calls, so that there is an authorizer to lose. */
const app = { options: { ...orders.options, authenticate: () => undefined } };
const QUEUE = "QueueOrdersDb";
const METHOD = "DirectOperationsPlaceOrderEventMethod";
const plan = planFor({ direct: ["place-order-event"] });

function planFor(choices: Choices): Plan {
  const planned = planOf(app.options, choices);
  assert.ok(planned.kind === "planned");
  return planned.plan;
}

function examined(plant: (resources: Resources) => void) {
  const template = structuredClone(templateFor(plan)) as unknown as { Resources: Resources };
  plant(template.Resources);
  return examine(app.options, plan, template);
}

/** Sets, or with `undefined` removes, what is at a path of a resource's properties. */
function set(id: string, path: string, value: unknown) {
  return (resources: Resources): void => {
    const names = path.split(".");
    const last = names.pop() as string;
    let bag: Bag | undefined = resources[id]?.Properties;
    for (const name of names) bag = bag?.[name] as Bag | undefined;
    assert.ok(bag, `${id} has no ${path}`);
    if (value === undefined) delete bag[last];
    else bag[last] = value;
  };
}

/** Another integration for the method by which a REST API writes to the queue itself. */
function direct(more: Bag): (resources: Resources) => void {
  return (resources) => {
    const method = resources[METHOD]?.Properties;
    assert.ok(method, METHOD);
    method["Integration"] = { ...(method["Integration"] as Bag), ...more };
  };
}

function httpIntegration(more: Bag): (resources: Resources) => void {
  return (resources) => {
    resources["SendIntegration"] = {
      Type: "AWS::ApiGatewayV2::Integration",
      Properties: {
        IntegrationType: "AWS_PROXY",
        IntegrationSubtype: "SQS-SendMessage",
        RequestParameters: { QueueUrl: { Ref: QUEUE }, MessageBody: "$request.body" },
        ...more,
      },
    };
  };
}

const TRAPS: readonly Trap[] = [
  {
    trap: "a visibility timeout below six times the function's",
    plant: set(QUEUE, "VisibilityTimeout", 30),
    named: [["visibility", QUEUE]],
    says: /^is 30 s; six times the \d+ s of QueueOrdersDbFunction is \d+ s\.$/,
  },
  {
    trap: "a batching window that the visibility timeout leaves out",
    plant: set(`${QUEUE}Mapping`, "MaximumBatchingWindowInSeconds", 60),
    named: [["visibility", QUEUE]],
    says: /and a window of 60 s is \d+ s\.$/,
  },
  {
    trap: "fewer receives than AWS asks for",
    plant: set(QUEUE, "RedrivePolicy.maxReceiveCount", 3),
    named: [["receives", QUEUE]],
    says: /^is 3; AWS asks for 5 at least\.$/,
  },
  {
    trap: "fewer receives than the attempts of a job may take",
    plant: set(QUEUE, "RedrivePolicy.maxReceiveCount", 10),
    named: [["receives", QUEUE]],
    says: /^is 10; place-order, place-order-event may be tried \d+ times, which takes up to \d+ deliveries\.$/,
  },
  {
    trap: "no dead-letter queue",
    plant: set(QUEUE, "RedrivePolicy", undefined),
    named: [["dead-letters", QUEUE]],
    says: /^is not set\.$/,
  },
  {
    trap: "dead letters that no function takes",
    plant: (resources) => delete resources[`${QUEUE}DeadMapping`],
    named: [["dead-letters-unread", `${QUEUE}Dead`]],
    says: /no function takes what is in it/,
  },
  {
    trap: "dead letters that are kept no longer than messages",
    plant: set(`${QUEUE}Dead`, "MessageRetentionPeriod", 1_036_800),
    named: [["dead-letter-retention", `${QUEUE}Dead`]],
    says: /^is 12 days, no longer than the 12 days of QueueOrdersDb\.$/,
  },
  {
    trap: "a queue that keeps messages as long as its dead letters are kept",
    plant: set("QueueSendConfirmation", "MessageRetentionPeriod", 1_209_600),
    named: [["dead-letter-retention", "QueueSendConfirmationDead"]],
    says: /^is 14 days, no longer than the 14 days/,
  },
  {
    trap: "a queue that keeps direct calls for less than their receipts are promised",
    plant: set(QUEUE, "MessageRetentionPeriod", 345_600),
    named: [["direct-seconds", QUEUE]],
    says: /^is 345600 s, and functions are told 1036800 s in SPILLWAY_DIRECT_SECONDS\.$/,
  },
  {
    trap: "reserved concurrency below what the mapping may invoke",
    plant: set(`${QUEUE}Function`, "ReservedConcurrentExecutions", 1),
    named: [["reserved-concurrency", `${QUEUE}Function`]],
    says: /^is 1, and QueueOrdersDbMapping may invoke it \d+ times at once\.$/,
  },
  {
    trap: "a mapping without MaximumConcurrency",
    plant: set(`${QUEUE}Mapping`, "ScalingConfig", undefined),
    named: [["maximum-concurrency", `${QUEUE}Mapping`]],
    says: /^is not set\.$/,
  },
  {
    trap: "more jobs in an invocation than the queue's share has",
    plant: set(`${QUEUE}Function`, "Environment.Variables.SPILLWAY_PARALLEL", "5"),
    named: [["shares", `${QUEUE}Function`]],
    says: /^is 5, in 5 invocations at once: 5 at once and 25 in the queue are 30; "orders-db" has 10\.$/,
  },
  {
    trap: "more invocations than the queue's share has",
    plant: (resources) => {
      set(`${QUEUE}Mapping`, "ScalingConfig.MaximumConcurrency", 8)(resources);
      set(`${QUEUE}Function`, "ReservedConcurrentExecutions", 8)(resources);
    },
    named: [["shares", `${QUEUE}Mapping`]],
    says: /^is 8: 5 at once and 8 in the queue are 13; "orders-db" has 10\.$/,
  },
  {
    trap: "a larger share for calls at once than is left",
    plant: (resources) => {
      const variables = resources["HttpFunction"]?.Properties["Environment"] as { Variables: Bag };
      const shares = JSON.parse(String(variables.Variables["SPILLWAY_SHARES"]));
      shares["resources/orders-db"].atOnce = 8;
      variables.Variables["SPILLWAY_SHARES"] = JSON.stringify(shares);
    },
    named: [["shares", "HttpFunction"]],
    says: /^gives orders-db 8: 8 at once and \d in the queue are 1\d; "orders-db" has 10\.$/,
  },
  {
    trap: "no partial batch responses",
    plant: set(`${QUEUE}Mapping`, "FunctionResponseTypes", undefined),
    named: [["partial-batches", `${QUEUE}Mapping`]],
    says: /^does not have ReportBatchItemFailures\.$/,
  },
  {
    trap: "no partial batch responses for dead letters",
    plant: set(`${QUEUE}DeadMapping`, "FunctionResponseTypes", []),
    named: [["partial-batches", `${QUEUE}DeadMapping`]],
    says: /ReportBatchItemFailures/,
  },
  {
    trap: "a mapping that is switched off",
    plant: set(`${QUEUE}Mapping`, "Enabled", false),
    named: [["disabled-mapping", `${QUEUE}Mapping`]],
    says: /^is false\.$/,
  },
  {
    trap: "a function that is killed before the worst batch is over",
    plant: set(`${QUEUE}Function`, "Timeout", 20),
    named: [["function-timeout", `${QUEUE}Function`]],
    says: /^is 20 s; a batch of \d+, .* may take \d+ s: handlers of up to 30 s, and 10 s around them\.$/,
  },
  {
    trap: "a batch that the function has no time for",
    plant: set(`${QUEUE}Mapping`, "BatchSize", 10_000),
    named: [["function-timeout", `${QUEUE}Function`]],
    says: /a batch of 10000, in \d+ rounds of \d/,
  },
  {
    trap: "a function's time over what AWS has",
    plant: set(`${QUEUE}Function`, "Timeout", 1_000),
    named: [["function-timeout", `${QUEUE}Function`]],
    says: /^is 1000 s; AWS gives a function 900 s at most\.$/,
  },
  {
    trap: "a gateway that gives up before the operation does",
    plant: set("HttpIntegration", "TimeoutInMillis", 5_000),
    named: [["at-once-timeout", "HttpIntegration"]],
    says: /^is 5000 ms; .* may take 28 s\.$/,
  },
  {
    trap: "a function for calls at once that ends before the operation does",
    plant: set("HttpFunction", "Timeout", 10),
    named: [["at-once-timeout", "HttpFunction"]],
    says: /^is 10 s; .* may take 28 s\.$/,
  },
  {
    trap: "a queue for smaller messages than are sent",
    plant: set(QUEUE, "MaximumMessageSize", 1_000),
    named: [["message-size", QUEUE]],
    says: /^is 1000; messages may have 266240 bytes\.$/,
  },
  {
    trap: "one default response for whatever SQS answers",
    plant: direct({ IntegrationResponses: [{ StatusCode: "202" }] }),
    named: [["default-response", METHOD]],
    says: /^answer 202 when SQS answers 400, 403, 404, 413, 429, 500, 503\.$/,
  },
  {
    trap: "an error pattern that leaves out what a throttled SQS answers",
    plant: direct({
      IntegrationResponses: [{ StatusCode: "202" }, { StatusCode: "503", SelectionPattern: "4\\d{2}" }],
    }),
    named: [["default-response", METHOD]],
    says: /^answer 202 when SQS answers 500, 503\.$/,
  },
  {
    trap: "a content type without a template, handed to SQS as it is",
    plant: direct({ PassthroughBehavior: undefined }),
    named: [["passthrough", METHOD]],
    says: /^is WHEN_NO_MATCH, the default\.$/,
  },
  {
    trap: "a queue that is filled by calls of anybody",
    plant: set(METHOD, "AuthorizationType", "NONE"),
    named: [["direct-authorizer", METHOD]],
    says: /^is NONE\.$/,
  },
  {
    trap: "a request id as the id of a job",
    plant: direct({
      RequestTemplates: {
        "application/json": "Action=SendMessage&MessageAttribute.1.Value=$context.requestId",
      },
    }),
    named: [["request-id", METHOD]],
    says: /^has \$context\.requestId\.$/,
  },
  {
    trap: "a body that is cut at 100 KB",
    plant: httpIntegration({ RequestParameters: { MessageBody: "$request.body.MessageBody" } }),
    named: [["body-mapping", "SendIntegration"]],
    says: /^is "\$request\.body\.MessageBody"\.$/,
  },
  {
    trap: "an integration subtype that there is not",
    plant: httpIntegration({ IntegrationSubtype: "SQS-Sendmessage" }),
    named: [["integration-subtype", "SendIntegration"]],
    says: /^is "SQS-Sendmessage", which there is not\.$/,
  },
  {
    trap: "no time to live",
    plant: set("Table", "TimeToLiveSpecification", undefined),
    named: [["time-to-live", "Table"]],
    says: /^is not on\.$/,
  },
  {
    trap: "a time to live on another attribute",
    plant: set("Table", "TimeToLiveSpecification.AttributeName", "expiresAt"),
    named: [["time-to-live", "Table"]],
    says: /^names "expiresAt"\.$/,
  },
  {
    trap: "no point-in-time recovery",
    plant: set("Table", "PointInTimeRecoverySpecification", undefined),
    named: [["point-in-time-recovery", "Table"]],
    says: /^is not set\.$/,
  },
  {
    trap: "a table that goes with its stack",
    plant: (resources) => delete resources["Table"]?.["DeletionPolicy"],
    named: [["table-deletion", "Table"]],
    says: /^is not set\.$/,
  },
  {
    trap: "an index that is missing",
    plant: (resources) => {
      const table = resources["Table"]?.Properties as { GlobalSecondaryIndexes: { IndexName: string }[] };
      table.GlobalSecondaryIndexes = table.GlobalSecondaryIndexes.filter(
        ({ IndexName: name }) => name !== "work",
      );
    },
    named: [["table-keys", "Table"]],
    says: /^have no "work"\.$/,
  },
  {
    trap: "an index with another key",
    plant: set("Table", "GlobalSecondaryIndexes.1.KeySchema.1.AttributeName", "pk"),
    named: [["table-keys", "Table"]],
    says: /^have a KeySchema of "jobs" that the engine does not know/,
  },
  {
    trap: "provisioned capacity",
    plant: set("Table", "BillingMode", "PROVISIONED"),
    named: [["billing-mode", "Table"]],
    says: /^is PROVISIONED\.$/,
  },
  {
    trap: "logs that are kept for ever",
    plant: set("HttpFunctionLogs", "RetentionInDays", undefined),
    named: [["log-retention", "HttpFunctionLogs"]],
    says: /^is not set\.$/,
  },
  {
    trap: "a function without a log group of its own",
    plant: (resources) => {
      delete resources["SweepFunction"]?.Properties["LoggingConfig"];
      delete resources["SweepFunctionLogs"];
    },
    named: [["log-retention", "SweepFunction"]],
    says: /names no log group/,
  },
  {
    trap: "a function whose errors nobody hears of",
    plant: (resources) => delete resources["SocketFunctionErrorsAlarm"],
    named: [["alarms", "SocketFunction"]],
    says: /^has no alarm on Errors\.$/,
  },
  {
    trap: "a queue that falls behind unheard",
    plant: (resources) => delete resources[`${QUEUE}OldAlarm`],
    named: [["alarms", QUEUE]],
    says: /^has no alarm on ApproximateAgeOfOldestMessage\.$/,
  },
  {
    trap: "dead letters that nobody hears of",
    plant: (resources) => {
      delete resources[`${QUEUE}DeadAlarm`];
      delete resources[`${QUEUE}DeadStuckAlarm`];
    },
    named: [["alarms", `${QUEUE}Dead`]],
    says: /^has no alarm/,
  },
  {
    trap: "pollers that are paid while they wait",
    plant: set(`${QUEUE}Mapping`, "ProvisionedPollerConfig", { MinimumPollers: 10 }),
    named: [["provisioned-pollers", `${QUEUE}Mapping`]],
    says: /^keeps 10 pollers ready\.$/,
  },
  {
    trap: "a sweep that is switched off",
    plant: set("SweepSchedule", "State", "DISABLED"),
    named: [["sweep-schedule", "SweepSchedule"]],
    says: /^is DISABLED\.$/,
  },
  {
    trap: "a sweep that nothing starts",
    plant: (resources) => delete resources["SweepSchedule"],
    named: [["sweep-schedule", "SweepFunction"]],
    says: /^has no schedule\.$/,
  },
  {
    trap: "a queue that was renamed",
    plant: (resources) => {
      delete resources["QueueSendConfirmation"];
    },
    named: [["missing-parts", "QueueSendConfirmation"]],
    says: /jobs of send-confirmation would have none/,
  },
];

suite("the doctor", () => {
  test("has nothing to say of a template as it is synthesised", () => {
    const examination = examined(() => {});
    assert.deepEqual(examination.findings, []);
    assert.deepEqual(examination.unread, []);
    assert.equal(isUnsafe(examination), false);
  });

  for (const choices of [
    {},
    { parallel: 1, reserve: false },
    { shares: { "orders-db": { atOnce: 8, of: 10 } } },
  ]) {
    test(`has nothing to say of one that is synthesised with ${JSON.stringify(choices)}`, () => {
      const other = planFor(choices);
      assert.deepEqual(examine(app.options, other, templateFor(other)).findings, []);
      // Nor where it is not told of these choices.
      assert.deepEqual(examine(app.options, planFor({}), templateFor(other)).findings, []);
    });
  }

  test("has nothing to say of an HTTP API's integration with SQS that is as it should be", () => {
    assert.deepEqual(examined(httpIntegration({})).findings, []);
  });

  for (const { trap, plant, named, says } of TRAPS) {
    test(`names ${trap}, and nothing else`, () => {
      const { findings } = examined(plant);
      assert.deepEqual(
        findings.map(({ rule, resource }) => [rule, resource]),
        named,
      );
      assert.match(findings[0]?.says ?? "", says);
    });
  }

  test("has a trap for every rule, and with each rule a reason, a source and a fix", () => {
    const trapped = new Set(TRAPS.flatMap(({ named }) => named.map(([rule]) => rule)));
    assert.deepEqual(
      rules.map(({ id }) => id).filter((id) => !trapped.has(id)),
      [],
    );
    for (const { id, why, source } of rules) {
      assert.match(why, /\.$/, id);
      assert.match(source, /^(https:\/\/docs\.aws\.amazon\.com\/|docs\/)/, id);
    }
    for (const { plant } of TRAPS) for (const { fix } of examined(plant).findings) assert.notEqual(fix, "");
  });

  test("finds unsafe what loses or doubles work or overruns a limit, and not what costs or is not heard of", () => {
    const safe = TRAPS.filter(({ plant }) => !isUnsafe(examined(plant))).map(({ named }) => named[0]?.[0]);
    assert.deepEqual([...new Set(safe)].sort(), [
      "alarms",
      "billing-mode",
      "log-retention",
      "provisioned-pollers",
      "time-to-live",
    ]);
  });

  test("names an input that no queue can hold, where the gateway writes it there", () => {
    const operations = app.options.operations.map((one) => {
      const { spec } = one;
      return spec.name === "place-order-event" ? { ...one, spec: { ...spec, inputBytes: 2_000_000 } } : one;
    });
    const { findings } = examine({ ...app.options, operations }, plan, templateFor(plan));
    assert.deepEqual(
      findings.map(({ rule, resource, says }) => ({ rule, resource, says })),
      [
        {
          rule: "message-size",
          resource: QUEUE,
          says: "can be 1048576 at most, and inputs of up to 2000000 bytes are written to it.",
        },
      ],
    );
  });

  test("says what only a deployment knows, and judges nothing by it", () => {
    const { findings, unread } = examined(
      set(QUEUE, "VisibilityTimeout", { "Fn::ImportValue": "visibility" }),
    );
    assert.deepEqual(findings, []);
    assert.deepEqual(unread, [
      { resource: QUEUE, property: "VisibilityTimeout", value: { "Fn::ImportValue": "visibility" } },
    ]);
  });
});
