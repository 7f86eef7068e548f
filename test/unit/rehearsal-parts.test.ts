// The pure parts of the rehearsal: what it reads from a template, what it counts, what it leaves to chance.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FAULTS, Faults, faultNames } from "../../rehearsal/faults/faults.ts";
import { identityOf } from "../../rehearsal/identities.ts";
import { InUse } from "../../rehearsal/load/in-use.ts";
import { parse } from "../../rehearsal/options.ts";
import { dynamodbPermissions, sqsPermissions } from "../../rehearsal/stores/actions.ts";
import { Roles } from "../../rehearsal/template/roles.ts";
import { type Json, type RawTemplate, Template } from "../../rehearsal/template/template.ts";

const templateOf = (raw: RawTemplate, parameters: Record<string, string> = {}): Template =>
  new Template("/nowhere", raw, parameters, identityOf({ sqs: 1234, front: 80 }));

const resolved = (json: Json, raw: Partial<RawTemplate> = {}, parameters: Record<string, string> = {}) =>
  templateOf({ Resources: { Jobs: { Type: "AWS::SQS::Queue" } }, ...raw }, parameters).resolver.value(json);

suite("a template is read as CloudFormation reads it", () => {
  const url = "http://127.0.0.1:1234/000000000000/rehearsal-Jobs";
  const arn = "arn:aws:sqs:us-east-1:000000000000:rehearsal-Jobs";
  const conditions = { Given: { "Fn::Not": [{ "Fn::Equals": [{ Ref: "Token" }, ""] }] } };
  const Parameters = { Token: { Type: "String", Default: "" } };

  const read: readonly (readonly [string, Json, Json | undefined])[] = [
    ["a reference to a queue is its URL", { Ref: "Jobs" }, url],
    [
      "an attribute, as a list and with a dot",
      [{ "Fn::GetAtt": ["Jobs", "Arn"] }, { "Fn::GetAtt": "Jobs.Arn" }],
      [arn, arn],
    ],
    [
      "names in a text, and what only looks like one",
      { "Fn::Sub": "a ${Jobs.Arn} ${!Jobs} ${AWS::Region}" },
      `a ${arn} \${Jobs} us-east-1`,
    ],
    [
      "names of its own in a text",
      { "Fn::Sub": ["${x}-${Jobs}", { x: { Ref: "AWS::Partition" } }] },
      `aws-${url}`,
    ],
    [
      "joined, split, selected",
      { "Fn::Select": [1, { "Fn::Split": ["/", { "Fn::Join": ["/", ["a", "b"]] }] }] },
      "b",
    ],
    ["a member without a value is not there", { kept: 1, gone: { Ref: "AWS::NoValue" } }, { kept: 1 }],
  ];
  for (const [what, json, expected] of read) test(what, () => assert.deepEqual(resolved(json), expected));

  test("conditions choose, by the parameters that were given", () => {
    const choice = { "Fn::If": ["Given", { Ref: "Token" }, { Ref: "AWS::NoValue" }] };
    const raw = { Conditions: conditions, Parameters };
    assert.equal(resolved(choice, raw), undefined);
    assert.equal(resolved(choice, raw, { Token: "abc" }), "abc");
  });

  test("what is not known is refused, by its name", () => {
    assert.throws(() => resolved({ Ref: "Jobz" }), /Jobz/);
    assert.throws(() => resolved({ "Fn::ImportValue": "x" }), /Fn::ImportValue/);
    assert.throws(() => resolved({ "Fn::GetAtt": ["Jobs", "Colour"] }), /Colour/);
  });

  test("a role allows what it names, and nothing beside", () => {
    const allowed = [
      {
        Effect: "Allow",
        Action: ["dynamodb:GetItem", "dynamodb:Put*"],
        Resource: { "Fn::GetAtt": ["Rows", "Arn"] },
      },
      { Effect: "Allow", Action: "dynamodb:Query", Resource: [{ "Fn::Sub": "${Rows.Arn}/index/jobs" }] },
      { Effect: "Allow", Action: "sqs:SendMessage", Resource: { "Fn::GetAtt": ["Jobs", "Arn"] } },
    ];
    const template = templateOf({
      Resources: {
        Jobs: { Type: "AWS::SQS::Queue" },
        Rows: { Type: "AWS::DynamoDB::Table" },
        Own: {
          Type: "AWS::IAM::Role",
          Properties: { Policies: [{ PolicyName: "own", PolicyDocument: { Statement: allowed } }] },
        },
      },
    });
    const roles = new Roles(template);
    const role = template.resolver.identity("Own").attributes["Arn"] ?? "";
    const TableName = template.resolver.identity("Rows").ref;
    const QueueUrl = template.resolver.identity("Jobs").ref;
    const may = (action: string, body: object) =>
      (action.startsWith("Send") ? sqsPermissions : dynamodbPermissions)(action, JSON.stringify(body)).every(
        (needed) => roles.refusal(role, needed.action, needed.resource) === undefined,
      );
    const put = { Put: { TableName } };
    assert.ok(may("GetItem", { TableName }));
    assert.ok(may("Query", { TableName, IndexName: "jobs" }));
    assert.ok(may("TransactWriteItems", { TransactItems: [put, put] }));
    assert.ok(may("SendMessageBatch", { QueueUrl }), "a batch needs the permission of one");
    assert.ok(!may("Query", { TableName }));
    assert.ok(!may("Query", { TableName, IndexName: "none" }));
    assert.ok(!may("GetItem", { TableName: "another" }));
    assert.ok(!may("TransactWriteItems", { TransactItems: [put, { Delete: { TableName } }] }));
    assert.ok(!may("SendMessage", { QueueUrl: `${QueueUrl}2` }));
    assert.match(roles.refusal("nobody", "sqs:SendMessage", "x") ?? "", /no role/);
  });
});

suite("what is in use at once", () => {
  const told = (...lines: readonly (readonly [number, string])[]): InUse => {
    const inUse = new InUse();
    for (const [process, line] of lines) inUse.hear(process, line);
    return inUse;
  };

  test("is counted over processes, whatever order they are heard in", () => {
    const inUse = told(
      [1, "begin 1 10"],
      [1, "end 1 30"],
      [2, "begin 1 20"],
      [2, "end 1 40"],
      [3, "begin 1 30"],
      [3, "end 1 50"],
    );
    assert.deepEqual([inUse.peak, inUse.uses], [2, 3]);
  });

  test("ends with the process that had it", () => {
    const inUse = told([1, "begin 1 10"]);
    assert.equal(inUse.uses, 0);
    inUse.died(1);
    assert.deepEqual([inUse.peak, inUse.uses], [1, 1]);
  });
});

suite("faults", () => {
  test("are the same from the same seed", () => {
    const struck = (seed: number) => {
      const faults = new Faults(["duplicates"], seed);
      return Array.from({ length: 200 }, () => faults.strikes("duplicates"));
    };
    assert.deepEqual(struck(7), struck(7));
    assert.notDeepEqual(struck(7), struck(8));
  });

  test("strike only where they are on, are counted, and can be stopped", () => {
    const faults = new Faults(["kills", "duplicates"], 1);
    for (let turn = 0; turn < 1_000; turn++) for (const name of faultNames) faults.strikes(name);
    assert.deepEqual(Object.keys(faults.happened).toSorted(), ["duplicates", "kills"]);
    const { duplicates = 0 } = faults.happened;
    assert.ok(duplicates > 50 && duplicates < 200, `${duplicates}`);
    faults.stop("duplicates");
    for (let turn = 0; turn < 1_000; turn++) assert.ok(!faults.strikes("duplicates"));
  });
});

suite("the options of the rehearsal", () => {
  const of = (...args: readonly string[]) => parse(args, {}, () => 0.5);

  test("name every fault that there is, all of them, or none", () => {
    assert.deepEqual(of()?.faults, []);
    assert.deepEqual(of("--faults", "all")?.faults, Object.keys(FAULTS));
    assert.deepEqual(of("--faults", "kills,gone")?.faults, ["kills", "gone"]);
    assert.throws(() => of("--faults", "kill"), /kill.*kills/);
  });

  test("are whole numbers where they are numbers", () => {
    assert.equal(of("--calls", "2000")?.calls, 2_000);
    assert.throws(() => of("--calls", "many"), /--calls is "many"/);
    assert.throws(() => of("--cals", "1"), /cals/);
  });
});
