/**
 * What API Gateway can check of an input: JSON Schema of draft 4, and of that what it is known to keep. Never stricter
 * than the schema it comes from, which the function holds the input against again: what is left out lets more through.
 */
import type { Json, JsonObject } from "./cloudformation.ts";

/** Bounds and words that mean the same in both drafts. */
const SAME = [
  "enum",
  "maxItems",
  "maxLength",
  "maxProperties",
  "maximum",
  "minItems",
  "minProperties",
  "minimum",
];
const TYPES = ["array", "boolean", "integer", "null", "number", "object", "string"];

/** @param schema JSON Schema 2020-12 */
export function edgeSchemaOf(schema: unknown): JsonObject {
  const draft4 = looser(schema as Json | undefined);
  return { $schema: "http://json-schema.org/draft-04/schema#", ...draft4 };
}

function looser(given: Json | undefined): JsonObject {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return {};
  const node = given as JsonObject;
  // A reference into the schema's own definitions: models of API Gateway have names elsewhere.
  if ("$ref" in node) return {};
  const same = SAME.flatMap((word) => (node[word] === undefined ? [] : [[word, node[word]] as const]));
  return {
    ...Object.fromEntries(same),
    ...typeOf(node),
    ...("const" in node && { enum: [node["const"] ?? null] }),
    ...boundsOf(node),
    ...membersOf(node),
    ...itemsOf(node),
    ...choicesOf(node),
  };
}

function typeOf({ type }: JsonObject): JsonObject {
  const types = [type ?? []].flat();
  return types.length > 0 && types.every((one) => TYPES.includes(String(one))) ? { type: type as Json } : {};
}

/** Draft 4 has no numbers for exclusive bounds; and counts characters where JavaScript counts halves of some. */
function boundsOf({
  minimum,
  maximum,
  exclusiveMinimum,
  exclusiveMaximum,
  minLength,
}: JsonObject): JsonObject {
  return {
    ...(minimum === undefined && typeof exclusiveMinimum === "number" && { minimum: exclusiveMinimum }),
    ...(maximum === undefined && typeof exclusiveMaximum === "number" && { maximum: exclusiveMaximum }),
    ...(typeof minLength === "number" && { minLength: Math.ceil(minLength / 2) }),
  };
}

function membersOf({ properties, required, additionalProperties, ...node }: JsonObject): JsonObject {
  const others = additionalProperties === false ? false : looser(additionalProperties);
  const isWhole = !("patternProperties" in node) && additionalProperties !== undefined;
  return {
    ...(properties !== undefined && {
      properties: Object.fromEntries(
        Object.entries(properties as JsonObject).map(([name, one]) => [name, looser(one)]),
      ),
    }),
    ...(Array.isArray(required) && required.length > 0 && { required }),
    ...(isWhole && { additionalProperties: others }),
  };
}

function itemsOf({ items, ...node }: JsonObject): JsonObject {
  return items === undefined || "prefixItems" in node ? {} : { items: looser(items) };
}

/** One of several and nothing else cannot be told once each of them lets more through. */
function choicesOf({ anyOf, oneOf, allOf }: JsonObject): JsonObject {
  const choices = anyOf ?? oneOf;
  return {
    ...(Array.isArray(choices) && { anyOf: choices.map((one) => looser(one)) }),
    ...(Array.isArray(allOf) && { allOf: allOf.map((one) => looser(one)) }),
  };
}
