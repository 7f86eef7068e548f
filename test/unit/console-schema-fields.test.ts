/** A form made from an operation's schema asks for what it takes, and sends no more than was filled in. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as z from "zod";
import { fieldsOf, inputOf, labelOf } from "../../console/src/pages/flows/schema-fields.ts";

const fieldsFor = (schema: z.ZodType) => fieldsOf(z.toJSONSchema(schema, { io: "input" }));

const Turned = z.strictObject({
  size: z.int().min(1).max(100).default(10),
  share: z.number().min(0).max(1).optional(),
  flow: z.enum(["both", "one"]).default("both"),
  note: z.string().optional(),
  who: z.string(),
  stop: z.boolean().optional(),
});

suite("a form", () => {
  const fields = fieldsFor(Turned) ?? [];

  test("asks for each member by its kind", () => {
    assert.deepEqual(
      fields.map(({ name, kind, isRequired, initial }) => [name, kind, isRequired, initial]),
      [
        ["size", "whole", false, "10"],
        ["share", "number", false, ""],
        ["flow", "choice", false, "both"],
        ["note", "text", false, ""],
        ["who", "text", true, ""],
        ["stop", "switch", false, false],
      ],
    );
  });

  test("says what a number may be", () => {
    assert.deepEqual(
      fields.map(({ hint }) => hint),
      ["1–100", "0–1", undefined, undefined, undefined, undefined],
    );
    const bounds = z.object({ any: z.int(), from: z.number().min(5), to: z.number().max(2_000) });
    assert.deepEqual(
      fieldsFor(bounds)?.map(({ hint }) => hint),
      [undefined, "5 or more", "up to 2,000"],
    );
  });

  test("untouched sends the defaults and what is required", () => {
    assert.deepEqual(inputOf(fields, {}), { size: 10, flow: "both", who: "" });
  });

  test("sends what was filled in as what the schema takes, and leaves out what was emptied", () => {
    const filled = { size: "", share: "0.25", note: "now", who: "me", stop: true };
    assert.deepEqual(inputOf(fields, filled), {
      share: 0.25,
      flow: "both",
      note: "now",
      who: "me",
      stop: true,
    });
  });

  test("sends a switch that was turned off where it is on by default", () => {
    const fields = fieldsFor(z.object({ live: z.boolean().default(true) })) ?? [];
    assert.deepEqual(
      [inputOf(fields, {}), inputOf(fields, { live: false })],
      [{ live: true }, { live: false }],
    );
  });
});

suite("no form is made, but the JSON asked for,", () => {
  const others: readonly [string, unknown][] = [
    ["without a schema", null],
    ["of what is no object", { type: "string" }],
    ["of an object of unknown members", { type: "object", additionalProperties: {} }],
    [
      "with a member that is nested",
      { type: "object", properties: { at: { type: "object", properties: {} } } },
    ],
    ["with a list", { type: "object", properties: { ids: { type: "array" } } }],
    ["with alternatives", { type: "object", properties: { at: { anyOf: [{ type: "string" }] } } }],
    ["with a choice among other things than texts", { type: "object", properties: { n: { enum: [1, 2] } } }],
    ["with several types", { type: "object", properties: { n: { type: ["string", "null"] } } }],
  ];
  for (const [what, schema] of others) test(what, () => assert.equal(fieldsOf(schema), undefined));
});

test("a member's name is said in words", () => {
  const names = ["perSecond", "latencyMs", "fail_rate", "ms", "size2Large"];
  assert.deepEqual(names.map(labelOf), ["Per second", "Latency (ms)", "Fail rate", "Ms", "Size2 large"]);
});
