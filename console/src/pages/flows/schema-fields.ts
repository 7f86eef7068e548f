/** What a form needs to ask for, from the JSON Schema of an operation's input; and the input, from what was filled in. */

export type FormField = {
  readonly name: string;
  readonly label: string;
  readonly kind: "whole" | "number" | "text" | "choice" | "switch";
  readonly isRequired: boolean;
  /** As an input holds it: a text, or whether it is checked. */
  readonly initial: string | boolean;
  readonly choices: readonly string[];
  readonly least: number | undefined;
  readonly most: number | undefined;
  readonly hint: string | undefined;
};

export type Filled = Readonly<Record<string, string | boolean>>;

type Schema = Readonly<Record<string, unknown>>;

/** Undefined where a form would not do: for what is nested, has alternatives, or is no object. */
export function fieldsOf(schema: unknown): readonly FormField[] | undefined {
  if (!isSchema(schema) || schema["type"] !== "object" || !isSchema(schema["properties"])) return undefined;
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const fields = Object.entries(schema["properties"]).map(([name, one]) =>
    isSchema(one) ? fieldOf(name, one, required.includes(name)) : undefined,
  );
  return fields.every((field) => field !== undefined) ? fields : undefined;
}

/** Here a call would be refused, whatever its input. */
export function isOfNoUse(schema: unknown): boolean {
  return isSchema(schema) && schema["deprecated"] === true;
}

function fieldOf(name: string, schema: Schema, isListed: boolean): FormField | undefined {
  const kind = kindOf(schema);
  if (kind === undefined) return undefined;
  const byDefault = schema["default"];
  const least = numberOf(schema["minimum"]);
  const most = numberOf(schema["maximum"]);
  return {
    name,
    label: textOf(schema["title"]) ?? labelOf(name),
    kind,
    isRequired: isListed && byDefault === undefined,
    initial: kind === "switch" ? byDefault === true : byDefault === undefined ? "" : String(byDefault),
    choices: kind === "choice" ? (schema["enum"] as string[]) : [],
    least,
    most,
    hint: textOf(schema["description"]) ?? rangeOf(least, most),
  };
}

function kindOf({ type, enum: choices }: Schema): FormField["kind"] | undefined {
  if (Array.isArray(choices)) return choices.every((one) => typeof one === "string") ? "choice" : undefined;
  switch (type) {
    case "integer":
      return "whole";
    case "number":
      return "number";
    case "string":
      return "text";
    case "boolean":
      return "switch";
    default:
      return undefined;
  }
}

/** What was left empty is left out, and so is a switch that nobody turned. */
export function inputOf(fields: readonly FormField[], filled: Filled): Record<string, unknown> {
  const members = fields.flatMap(({ name, kind, initial, isRequired }): [string, unknown][] => {
    const value = filled[name] ?? initial;
    if (kind === "switch") return value === true || initial === true || isRequired ? [[name, value]] : [];
    // A required text may well be empty.
    if (value === "" && !(isRequired && kind === "text")) return [];
    return [[name, kind === "whole" || kind === "number" ? Number(value) : value]];
  });
  return Object.fromEntries(members);
}

/** "perSecond": "Per second"; "latencyMs": "Latency (ms)". */
export function labelOf(name: string): string {
  const words = name
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .split(/[\s_-]+/)
    .map((word) => word.toLowerCase());
  const unit = words.length > 1 && words.at(-1) === "ms" ? " (ms)" : "";
  const text = (unit ? words.slice(0, -1) : words).join(" ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${unit}`;
}

function rangeOf(least: number | undefined, most: number | undefined): string | undefined {
  const said = (value: number) => value.toLocaleString("en");
  // What a number can be at all is no hint.
  const isOpen = most === undefined || most >= Number.MAX_SAFE_INTEGER;
  if (least === undefined || least <= Number.MIN_SAFE_INTEGER)
    return isOpen ? undefined : `up to ${said(most)}`;
  return isOpen ? `${said(least)} or more` : `${said(least)}–${said(most)}`;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
