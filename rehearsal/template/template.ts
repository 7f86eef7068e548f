/** The synthesised template as it is read here: nothing of the app is known but what stands in it. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Identity, Resolver } from "./resolve.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type Members = { readonly [name: string]: Json };

export type RawTemplate = {
  readonly Parameters?: Readonly<Record<string, Members>>;
  readonly Mappings?: Readonly<Record<string, Readonly<Record<string, Members>>>>;
  readonly Conditions?: Readonly<Record<string, Json>>;
  readonly Resources: Readonly<Record<string, RawResource>>;
  readonly Outputs?: Readonly<Record<string, Members>>;
};
export type RawResource = {
  readonly Type: string;
  readonly Properties?: Members;
  readonly Condition?: string;
};

/** A resource with its references resolved. */
export type Resource = { readonly name: string; readonly type: string; readonly properties: Members };

export class Template {
  readonly folder: string;
  readonly resolver: Resolver;
  readonly #raw: RawTemplate;

  constructor(
    folder: string,
    raw: RawTemplate,
    parameters: Readonly<Record<string, string>>,
    identity: (resource: Resource) => Identity,
  ) {
    this.folder = folder;
    this.#raw = raw;
    this.resolver = new Resolver(raw, parameters, identity);
  }

  static read(
    file: string,
    parameters: Readonly<Record<string, string>>,
    identity: (resource: Resource) => Identity,
  ): Template {
    return new Template(
      dirname(resolve(file)),
      JSON.parse(readFileSync(file, "utf8")) as RawTemplate,
      parameters,
      identity,
    );
  }

  /** Every resource of a type that its condition lets be. */
  all(type: string): readonly Resource[] {
    return Object.entries(this.#raw.Resources)
      .filter(([, resource]) => resource.Type === type && this.resolver.holds(resource.Condition))
      .map(([name]) => this.resolver.resource(name));
  }

  /** The folder of a function's code. */
  code(resource: Resource): string {
    const code = resource.properties["Code"];
    if (typeof code !== "string")
      throw new Error(
        `${resource.name}: its Code is ${JSON.stringify(code)}, and no path beside the template.`,
      );
    const path = join(this.folder, code);
    if (!existsSync(path)) throw new Error(`${resource.name}: there is no ${path}. Synthesise again.`);
    return path;
  }
}

export const text = (value: Json | undefined, what: string): string => {
  if (typeof value === "string") return value;
  throw new Error(`${what} is ${JSON.stringify(value)}, and should be a string.`);
};

export const whole = (value: Json | undefined, byDefault: number): number =>
  value === undefined ? byDefault : Number(value);

export const members = (value: Json | undefined): Members =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Members) : {};

export const list = (value: Json | undefined): readonly Json[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value as Json];
