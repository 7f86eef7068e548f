// The REST API's mapping templates and models, as the rehearsal reads them.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fits } from "../../rehearsal/gateway/edge-schema.ts";
import { evaluated, type Scope } from "../../rehearsal/gateway/velocity.ts";

const scope = (): Scope => ({
  input: {
    body: '{"a":"b&c"}',
    params: () => ({ header: { "Idempotency-Key": '"k 1"', Host: "here" } }),
  },
  context: { requestTimeEpoch: 17 },
  util: { urlEncode: (value: unknown) => encodeURIComponent(String(value)) },
});

suite("a mapping template", () => {
  const made: readonly (readonly [string, string, string])[] = [
    ["is text where it is text, money too", "it costs $5 & #1", "it costs $5 & #1"],
    ["has what is referred to", "body=$util.urlEncode($input.body)", "body=%7B%22a%22%3A%22b%26c%22%7D"],
    ["keeps a reference to nothing as it is", "[$context.nothing]", "[$context.nothing]"],
    ["sets and reads", '#set($id = "a-$context.requestTimeEpoch")<$id>', "<a-17>"],
    [
      "goes over the names of headers",
      '#foreach($n in $input.params().header.keySet())#if($n.toLowerCase() == "idempotency-key" && $input.params().header.get($n) != "")key=$input.params().header.get($n);#end#end',
      'key="k 1";',
    ],
    ["compares", "#if($context.requestTimeEpoch != '17')no#end#if($context.none == '')yes#end", "yes"],
  ];
  for (const [what, template, expected] of made)
    test(what, () => assert.equal(evaluated(template, scope()), expected));

  test("may override a header of the answer", () => {
    const own = scope();
    evaluated('#set($context.responseOverride.header.Location = "/receipts/1")', own);
    assert.deepEqual(own["context"], {
      requestTimeEpoch: 17,
      responseOverride: { header: { Location: "/receipts/1" } },
    });
  });

  test("is refused where it says what is not known", () => {
    for (const template of ["#macro(x)#end", "#if($a == 'b')", "#end", "$input.body.trim()"])
      assert.throws(() => evaluated(template, scope()), template);
  });
});

suite("a model", () => {
  const schema = {
    $schema: "http://json-schema.org/draft-04/schema#",
    type: "object",
    required: ["sku"],
    properties: {
      sku: { type: "string", minLength: 1, maxLength: 3 },
      count: { type: "integer", minimum: 1, maximum: 5 },
      tags: { type: "array", items: { enum: ["a", "b"] }, maxItems: 2 },
    },
    additionalProperties: false,
  };
  const values: readonly (readonly [unknown, boolean])[] = [
    [{ sku: "abc", count: 5, tags: ["a"] }, true],
    [{ sku: "" }, false],
    [{ sku: "abcd" }, false],
    [{ sku: 1 }, false],
    [{}, false],
    [{ sku: "a", count: 1.5 }, false],
    [{ sku: "a", count: 6 }, false],
    [{ sku: "a", tags: ["c"] }, false],
    [{ sku: "a", tags: ["a", "a", "a"] }, false],
    [{ sku: "a", other: 1 }, false],
    [[], false],
    [null, false],
  ];
  for (const [value, expected] of values)
    test(`${expected ? "takes" : "refuses"} ${JSON.stringify(value)}`, () =>
      assert.equal(fits(schema, value), expected));

  test("with a word that is not known is refused", () => {
    assert.throws(() => fits({ pattern: "x" }, "x"), /pattern/);
  });
});
