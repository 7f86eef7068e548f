/** CloudFormation's words, and the parts that a template is put together from. Knows nothing of Spillway. */

export type Resource = {
  readonly Type: string;
  readonly Properties: JsonObject;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: "Retain";
  readonly UpdateReplacePolicy?: "Retain";
};
export type JsonObject = { readonly [key: string]: Json | undefined };
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

/** What one area adds to the template. */
export type Part = {
  readonly resources?: Readonly<Record<string, Resource>>;
  readonly parameters?: Readonly<Record<string, JsonObject>>;
  readonly conditions?: Readonly<Record<string, Json>>;
  readonly outputs?: Readonly<Record<string, JsonObject>>;
};

export type Template = {
  readonly AWSTemplateFormatVersion: "2010-09-09";
  readonly Description: string;
  readonly Parameters: Readonly<Record<string, JsonObject>>;
  readonly Conditions: Readonly<Record<string, Json>>;
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: Readonly<Record<string, JsonObject>>;
};

export const ref = (id: string) => ({ Ref: id });
export const attribute = (id: string, name: string) => ({ "Fn::GetAtt": [id, name] });
export const arnOf = (id: string) => attribute(id, "Arn");
/** `${Id}`, `${Id.Attribute}` and `${AWS::Region}` in it are filled in when it is deployed. */
export const filledIn = (text: string) => ({ "Fn::Sub": text });
export const NOTHING = ref("AWS::NoValue");

/** What must outlive the stack, and any change that would replace it. */
export const RETAINED = { DeletionPolicy: "Retain", UpdateReplacePolicy: "Retain" } as const;

export function templateOf(description: string, parts: readonly Part[]): Template {
  return {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: description,
    Parameters: joined(parts.map(({ parameters }) => parameters)),
    Conditions: joined(parts.map(({ conditions }) => conditions)),
    Resources: joined(parts.map(({ resources }) => resources)),
    Outputs: joined(parts.map(({ outputs }) => outputs)),
  };
}

function joined<T>(
  records: readonly (Readonly<Record<string, T>> | undefined)[],
): Readonly<Record<string, T>> {
  const entries = records.flatMap((record) => Object.entries(record ?? {}));
  const all = new Map(entries);
  if (all.size === entries.length) return Object.fromEntries(all);
  const twice = entries.find(([name], place) => entries.findIndex(([other]) => other === name) !== place);
  throw new RangeError(`Two parts of the template are called ${twice?.[0]}.`);
}

/** The same text for the same template, whatever order its parts were made in. */
export function templateText(template: Template): string {
  const { AWSTemplateFormatVersion, Description, ...rest } = template;
  const text = { AWSTemplateFormatVersion, Description, ...(sorted(rest as JsonObject) as JsonObject) };
  return `${JSON.stringify(text, null, 2)}\n`;
}

function sorted(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map((one) => sorted(one) as Json);
  if (typeof value !== "object" || value === null) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, sorted((value as JsonObject)[name])])) as Json;
}
