// An input made from a schema: what is required and nothing else, or a sentence that says why not.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { operation, spillway } from "spillway";
import { memory } from "spillway/memory";
import * as z from "zod";
import { madeInput } from "../../src/lab/made-input.ts";
import { describe } from "../../src/lab/server/describe.ts";

const request = (more: object = {}) => ({
  kind: "describe" as const,
  module: "",
  operation: "it",
  inputs: undefined,
  mayBeInvalid: false,
  hasBearer: false,
  probe: undefined,
  ...more,
});

const appOf = (input: z.ZodType, more: object = {}, options: object = {}) =>
  spillway({
    operations: [operation({ name: "it", input, ...more }, () => null)],
    engine: memory(),
    ...options,
  });

suite("a made input", () => {
  const Address = z.object({ street: z.string(), zip: z.string().length(5) });
  const shapes: readonly (readonly [string, z.ZodType, unknown])[] = [
    [
      "an order",
      z.object({
        sku: z.string().min(1).max(64),
        quantity: z.int().min(1).max(1000),
        customer: z.string().optional(),
      }),
      { sku: "lab", quantity: 1 },
    ],
    [
      "bounds",
      z.object({
        a: z.int().min(5),
        b: z.number().gt(2).lt(3),
        c: z.int().multipleOf(7),
        d: z.number().max(-4),
      }),
      { a: 5, b: 2.5, c: 7, d: -4 },
    ],
    [
      "choices",
      z.object({ a: z.enum(["x", "y"]), b: z.literal(3), c: z.union([z.string(), z.null()]) }),
      { a: "x", b: 3, c: "lab" },
    ],
    [
      "lists",
      z.object({ tags: z.array(z.string()).min(2), pair: z.tuple([z.string(), z.boolean()]) }),
      { tags: ["lab", "lab"], pair: ["lab", false] },
    ],
    [
      "formats",
      z.object({ email: z.email(), id: z.uuid(), at: z.iso.datetime() }),
      { email: "lab@example.org", id: "00000000-0000-4000-8000-000000000000", at: "2026-01-01T00:00:00Z" },
    ],
    [
      "objects in objects",
      z.object({ from: Address, to: Address }),
      { from: { street: "lab", zip: "lab-l" }, to: { street: "lab", zip: "lab-l" } },
    ],
    [
      "what is common to two",
      z.intersection(z.object({ a: z.string() }), z.object({ b: z.int() })),
      { a: "lab", b: 1 },
    ],
  ];
  for (const [name, schema, expected] of shapes) {
    test(`of ${name} is the smallest one, and valid`, async () => {
      const { inputs, isMade } = await describe(appOf(schema), request());
      assert.deepEqual([inputs.map((text) => JSON.parse(text)), isMade], [[expected], true]);
    });
  }

  test("follows references", () => {
    const $defs = { name: { type: "string", minLength: 5 } };
    const schema = { type: "object", properties: { n: { $ref: "#/$defs/name" } }, required: ["n"], $defs };
    assert.deepEqual(madeInput(schema), { n: "lab-lab".slice(0, 5) });
  });

  const refused: readonly (readonly [string, Promise<unknown>, RegExp])[] = [
    [
      "a schema that JSON Schema has no words for",
      describe(appOf(z.date()), request()),
      /has no `jsonSchema` \(.*Zod.*\), or a part that JSON Schema has no word for, .*--input/,
    ],
    [
      "a pattern",
      describe(appOf(z.string().regex(/^ORD-\d+$/)), request()),
      /No input could be made.*must match.*--input/,
    ],
    [
      "a check of its own",
      describe(appOf(z.string().refine((text) => text === "open sesame")), request()),
      /No input could be made.*--input/,
    ],
    [
      "an input that is none",
      describe(appOf(z.string()), request({ inputs: ["1"] })),
      /The input 1 is not one of "it"/,
    ],
    [
      "an unknown operation",
      describe(appOf(z.string()), request({ operation: "other" })),
      /no operation "other"\. It has: it\./,
    ],
    ["an internal operation", describe(appOf(z.string(), { access: "internal" }), request()), /internal/],
    [
      "no token",
      describe(appOf(z.string(), {}, { authenticate: () => undefined }), request()),
      /--bearer TOKEN/,
    ],
  ];
  for (const [name, described, message] of refused) {
    test(`is refused with the next step: ${name}`, () =>
      assert.rejects(described, { name: "LabRefusal", message }));
  }

  test("a recording may hold what is not valid, and is not checked beforehand", async () => {
    let checked = 0;
    const input = z.string().refine(() => ++checked > 0);
    const { inputs } = await describe(appOf(input), request({ inputs: ["1", '"a"'], mayBeInvalid: true }));
    assert.deepEqual([inputs, checked], [["1", '"a"'], 0]);
  });
});
