/**
 * An input that an operation takes, made from its JSON Schema: the smallest one, with what is required and nothing
 * else. Whoever uses it validates it by the schema itself; what cannot be made here is for a person to give.
 */
import type { JsonValue } from "../core/json.ts";

type JsonSchema = { readonly [keyword: string]: JsonValue | undefined };

/** What the schema asks for cannot be guessed. */
export class CannotMake extends Error {
  override readonly name = "CannotMake";
}

const FORMATS: Readonly<Record<string, string>> = {
  email: "lab@example.org",
  uri: "https://example.org/lab",
  url: "https://example.org/lab",
  uuid: "00000000-0000-4000-8000-000000000000",
  "date-time": "2026-01-01T00:00:00Z",
  date: "2026-01-01",
  time: "00:00:00Z",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  hostname: "example.org",
};
const WORD = "lab";
const DEEPEST = 32;

export function madeInput(schema: JsonSchema): JsonValue {
  return make(schema, "", schema, 0);
}

function make(schema: JsonSchema, at: string, root: JsonSchema, depth: number): JsonValue {
  if (depth > DEEPEST) throw new CannotMake(`${at || "/"} contains itself without end`);
  const inside = (part: JsonValue | undefined, place: string) => make(asSchema(part), place, root, depth + 1);
  if (schema["const"] !== undefined) return schema["const"];
  if (schema["default"] !== undefined) return schema["default"];
  for (const choices of [schema["examples"], schema["enum"]])
    if (Array.isArray(choices) && choices[0] !== undefined) return choices[0] as JsonValue;
  if (typeof schema["$ref"] === "string") return inside(referred(root, schema["$ref"]), at);
  for (const choices of [schema["anyOf"], schema["oneOf"]])
    if (Array.isArray(choices)) return inside(choices[0] as JsonValue, at);
  if (Array.isArray(schema["allOf"])) return inside(Object.assign({}, schema, ...flat(schema)), at);
  const type = Array.isArray(schema["type"]) ? schema["type"][0] : schema["type"];
  switch (type) {
    case "string":
      return text(schema, at);
    case "integer":
    case "number":
      return number(schema, type === "integer");
    case "boolean":
      return false;
    case "null":
      return null;
    case "array":
      return list(schema).map((part, place) => inside(part, `${at}/${place}`));
    case "object":
      return members(schema, (part, name) => inside(part, `${at}/${name}`));
    default:
      // Anything goes.
      if (schema["properties"] !== undefined)
        return members(schema, (part, name) => inside(part, `${at}/${name}`));
      return {};
  }
}

function asSchema(part: JsonValue | undefined): JsonSchema {
  return typeof part === "object" && part !== null && !Array.isArray(part) ? (part as JsonSchema) : {};
}

/** The parts of an `allOf`, with their members put together. */
function flat(schema: JsonSchema): readonly JsonSchema[] {
  const parts = (schema["allOf"] as readonly JsonValue[]).map(asSchema);
  const properties = Object.assign({}, ...parts.map((part) => part["properties"] ?? {}));
  const required = parts.flatMap((part) => (Array.isArray(part["required"]) ? part["required"] : []));
  const together = Object.keys(properties).length > 0 ? { type: "object", properties, required } : {};
  return [...parts, together as JsonSchema, { allOf: undefined }];
}

function referred(root: JsonSchema, reference: string): JsonValue | undefined {
  if (reference === "#") return root as JsonValue;
  const steps = reference.replace(/^#\//, "").split("/");
  return steps.reduce<JsonValue | undefined>(
    (found, step) => asSchema(found)[step.replaceAll("~1", "/").replaceAll("~0", "~")],
    root as JsonValue,
  );
}

function text(schema: JsonSchema, at: string): string {
  const format = typeof schema["format"] === "string" ? FORMATS[schema["format"]] : undefined;
  if (format !== undefined) return format;
  if (typeof schema["pattern"] === "string" && !new RegExp(schema["pattern"], "u").test(WORD))
    throw new CannotMake(`${at || "/"} must match ${schema["pattern"]}`);
  const least = Number(schema["minLength"] ?? 0);
  const most = Number(schema["maxLength"] ?? Number.POSITIVE_INFINITY);
  return WORD.padEnd(least, "-lab").slice(0, most);
}

/** 1 wherever it will do, as a quantity of it is a small one; else what is nearest. */
function number(schema: JsonSchema, whole: boolean): number {
  const bound = (keyword: string, otherwise: number) => Number(schema[keyword] ?? otherwise);
  const step = bound("multipleOf", whole ? 1 : 0);
  const over = bound("exclusiveMinimum", Number.NEGATIVE_INFINITY);
  const under = bound("exclusiveMaximum", Number.POSITIVE_INFINITY);
  const least = Math.max(over, bound("minimum", Number.NEGATIVE_INFINITY));
  const most = Math.min(under, bound("maximum", Number.POSITIVE_INFINITY));
  const aim = Math.min(Math.max(1, least), most);
  const up = step === 0 ? aim + 1 : Math.ceil(aim / step) * step;
  const down = step === 0 ? aim - 1 : Math.floor(aim / step) * step;
  const near = step === 0 ? [aim, up, down, (least + most) / 2] : [up, down, up + step, down - step];
  return near.find((value) => value > over && value < under && value >= least && value <= most) ?? aim;
}

function list(schema: JsonSchema): readonly (JsonValue | undefined)[] {
  const first = Array.isArray(schema["prefixItems"]) ? (schema["prefixItems"] as readonly JsonValue[]) : [];
  const more = Math.max(0, Number(schema["minItems"] ?? 0) - first.length);
  return [...first, ...Array.from({ length: more }, () => schema["items"])];
}

function members(
  schema: JsonSchema,
  inside: (part: JsonValue | undefined, name: string) => JsonValue,
): JsonValue {
  const properties = asSchema(schema["properties"]);
  const required = Array.isArray(schema["required"]) ? (schema["required"] as readonly string[]) : [];
  return Object.fromEntries(required.map((name) => [name, inside(properties[name], name)]));
}
