/**
 * A CloudFormation template as rules read it: resources by their type, numbers with the defaults that AWS gives them,
 * and what a reference points to. Somebody may have edited it, so that nothing is taken for granted about its shape.
 */

export type Properties = Readonly<Record<string, unknown>>;

export type Resource = {
  readonly id: string;
  readonly type: string;
  readonly properties: Properties;
  /** Beside the properties: `DeletionPolicy`, `DependsOn`. */
  readonly attributes: Properties;
};

/** A property whose value is an expression that only a deployment knows. */
export type Unread = { readonly resource: string; readonly property: string; readonly value: unknown };

export class Template {
  readonly #resources: ReadonlyMap<string, Resource>;
  readonly #parameters: ReadonlyMap<string, unknown>;
  readonly #unread = new Map<string, Unread>();

  constructor(template: unknown) {
    const { Resources, Parameters } = objectOf(template);
    this.#resources = new Map(
      Object.entries(objectOf(Resources)).map(([id, resource]) => [id, resourceOf(id, resource)]),
    );
    this.#parameters = new Map(
      Object.entries(objectOf(Parameters)).map(([name, parameter]) => [name, objectOf(parameter)["Default"]]),
    );
  }

  get unread(): readonly Unread[] {
    return [...this.#unread.values()];
  }

  all(): readonly Resource[] {
    return [...this.#resources.values()];
  }

  of(...types: readonly string[]): readonly Resource[] {
    return this.all().filter(({ type }) => types.includes(type));
  }

  get(id: string | undefined): Resource | undefined {
    return id === undefined ? undefined : this.#resources.get(id);
  }

  /** The value at a path such as `ScalingConfig.MaximumConcurrency`; of a parameter, its default. */
  value(resource: Resource, property: string): unknown {
    return this.#known(valueAt(resource.properties, property));
  }

  /** The number at a path, or what AWS takes where there is none. Undefined: not there, or not to be known from here. */
  number(resource: Resource, property: string): number | undefined;
  number(resource: Resource, property: string, byDefault: number): number;
  number(resource: Resource, property: string, byDefault?: number): number | undefined {
    const value = this.value(resource, property);
    if (value === undefined) return byDefault;
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    if (typeof number === "number" && !Number.isNaN(number)) return number;
    this.#unread.set(`${resource.id}.${property}`, { resource: resource.id, property, value });
    // Compares as neither less nor more than anything, so that no rule speaks of it.
    return byDefault === undefined ? undefined : Number.NaN;
  }

  /** The resource that a `Ref`, `Fn::GetAtt` or `Fn::Sub` at this path names. */
  referred(resource: Resource, property: string): Resource | undefined {
    return this.get(referenceIn(valueAt(resource.properties, property)));
  }

  #known(value: unknown): unknown {
    const name = objectOf(value)["Ref"];
    return typeof name === "string" && this.#parameters.has(name) ? this.#parameters.get(name) : value;
  }
}

/** Of the logical id alone: `{ Ref: "Q" }`, `{ "Fn::GetAtt": ["Q", "Arn"] }`, `{ "Fn::Sub": "${Q.Arn}" }`. */
export function referenceIn(value: unknown): string | undefined {
  const { Ref, "Fn::GetAtt": attribute, "Fn::Sub": substitute } = objectOf(value);
  if (typeof Ref === "string") return Ref;
  if (typeof attribute === "string") return attribute.split(".")[0];
  if (Array.isArray(attribute)) return String(attribute[0]);
  const text = Array.isArray(substitute) ? substitute[0] : substitute;
  if (typeof text !== "string") return undefined;
  return [...text.matchAll(/\$\{([A-Za-z0-9]+)(?:\.[A-Za-z]+)?\}/g)].at(-1)?.[1];
}

/** Whether anything inside a value names this resource. */
export function refersTo(value: unknown, id: string): boolean {
  if (referenceIn(value) === id) return true;
  return (
    typeof value === "object" && value !== null && Object.values(value).some((member) => refersTo(member, id))
  );
}

/** Every text inside a value, with the path to it. */
export function textsIn(
  value: unknown,
  path = "",
): readonly { readonly path: string; readonly text: string }[] {
  if (typeof value === "string") return [{ path, text: value }];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    textsIn(member, path === "" ? name : `${path}.${name}`),
  );
}

export function objectOf(value: unknown): Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Properties) : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function valueAt(properties: Properties, path: string): unknown {
  return path.split(".").reduce<unknown>(memberOf, properties);
}

/** Of an object, or by its place of a list. */
function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Properties)[name] : undefined;
}

function resourceOf(id: string, resource: unknown): Resource {
  const { Type, Properties, ...attributes } = objectOf(resource);
  return { id, type: String(Type), properties: objectOf(Properties), attributes };
}
