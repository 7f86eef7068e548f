/** JSON Schema of draft 4, as far as a model of ours uses it; a word that is not known is refused. */

type Schema = Readonly<Record<string, unknown>>;

const KNOWN = new Set([
  ...["$schema", "type", "enum", "properties", "required", "additionalProperties", "items", "anyOf", "allOf"],
  ...[
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
  ],
]);

export function fits(schema: Schema, value: unknown): boolean {
  for (const word of Object.keys(schema))
    if (!KNOWN.has(word)) throw new Error(`The rehearsal does not know "${word}" in a model.`);
  const { anyOf, allOf, enum: choices, type } = schema;
  const isOneOf = (one: unknown): boolean => JSON.stringify(one) === JSON.stringify(value);
  return (
    (type === undefined || [type].flat().some((one) => isType(String(one), value))) &&
    (choices === undefined || (choices as readonly unknown[]).some(isOneOf)) &&
    (anyOf === undefined || (anyOf as readonly Schema[]).some((one) => fits(one, value))) &&
    (allOf === undefined || (allOf as readonly Schema[]).every((one) => fits(one, value))) &&
    isWithin(schema, value) &&
    hasMembers(schema, value) &&
    (!Array.isArray(value) ||
      schema["items"] === undefined ||
      value.every((one) => fits(schema["items"] as Schema, one)))
  );
}

function isType(type: string, value: unknown): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
}

function isWithin(schema: Schema, value: unknown): boolean {
  const between = (size: number, [least, most]: readonly [string, string]): boolean =>
    size >= Number(schema[least] ?? Number.NEGATIVE_INFINITY) &&
    size <= Number(schema[most] ?? Number.POSITIVE_INFINITY);
  if (typeof value === "number") return between(value, ["minimum", "maximum"]);
  if (typeof value === "string") return between([...value].length, ["minLength", "maxLength"]);
  if (Array.isArray(value)) return between(value.length, ["minItems", "maxItems"]);
  if (typeof value !== "object" || value === null) return true;
  return between(Object.keys(value).length, ["minProperties", "maxProperties"]);
}

function hasMembers(schema: Schema, value: unknown): boolean {
  if (!isType("object", value)) return true;
  const members = value as Readonly<Record<string, unknown>>;
  const properties = (schema["properties"] ?? {}) as Readonly<Record<string, Schema>>;
  const others = schema["additionalProperties"] ?? true;
  return (
    ((schema["required"] ?? []) as readonly string[]).every((name) => Object.hasOwn(members, name)) &&
    Object.entries(members).every(([name, member]) => {
      const own = properties[name];
      if (own !== undefined) return fits(own, member);
      return typeof others === "boolean" ? others : fits(others as Schema, member);
    })
  );
}
