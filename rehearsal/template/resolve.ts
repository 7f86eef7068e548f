/** CloudFormation's intrinsic functions, as far as a template of ours uses them; one that is not known is refused. */
import type { Json, Members, RawTemplate, Resource } from "./template.ts";

/** What `Ref` and `Fn::GetAtt` give for a resource. */
export type Identity = { readonly ref: string; readonly attributes: Readonly<Record<string, string>> };

export const REGION = "us-east-1";
export const ACCOUNT = "000000000000";

const PSEUDO: Readonly<Record<string, string>> = {
  "AWS::AccountId": ACCOUNT,
  "AWS::Partition": "aws",
  "AWS::Region": REGION,
  "AWS::StackId": `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/rehearsal/1`,
  "AWS::StackName": "rehearsal",
  "AWS::URLSuffix": "amazonaws.com",
};

export class Resolver {
  readonly #raw: RawTemplate;
  readonly #parameters: Readonly<Record<string, string>>;
  readonly #identify: (resource: Resource) => Identity;
  readonly #resources = new Map<string, Resource>();
  readonly #identities = new Map<string, Identity>();

  constructor(
    raw: RawTemplate,
    parameters: Readonly<Record<string, string>>,
    identify: (resource: Resource) => Identity,
  ) {
    this.#raw = raw;
    this.#parameters = parameters;
    this.#identify = identify;
  }

  resource(name: string): Resource {
    const raw = this.#raw.Resources[name];
    if (raw === undefined) throw new Error(`The template refers to ${name}, which it does not have.`);
    const known = this.#resources.get(name);
    if (known !== undefined) return known;
    const resource = {
      name,
      type: raw.Type,
      properties: (this.value(raw.Properties ?? {}) ?? {}) as Members,
    };
    this.#resources.set(name, resource);
    return resource;
  }

  identity(name: string): Identity {
    const known = this.#identities.get(name);
    if (known !== undefined) return known;
    const raw = this.#raw.Resources[name];
    if (raw === undefined) throw new Error(`The template refers to ${name}, which it does not have.`);
    // Of its properties only the names that it was given: they refer to nothing that refers back.
    const named = Object.entries(raw.Properties ?? {}).filter(([key]) => key.endsWith("Name"));
    const properties = Object.fromEntries(named.map(([key, value]) => [key, this.value(value) ?? null]));
    const identity = this.#identify({ name, type: raw.Type, properties });
    this.#identities.set(name, identity);
    return identity;
  }

  holds(condition: string | undefined): boolean {
    if (condition === undefined) return true;
    const found = this.#raw.Conditions?.[condition];
    if (found === undefined) throw new Error(`The template has no condition ${condition}.`);
    return this.#truth(found);
  }

  /** Undefined: `AWS::NoValue`. */
  value(json: Json): Json | undefined {
    if (Array.isArray(json))
      return json.map((entry) => this.value(entry as Json)).filter((entry) => entry !== undefined);
    if (typeof json !== "object" || json === null) return json;
    const entries = Object.entries(json as Members);
    const [only] = entries;
    if (entries.length === 1 && only !== undefined && /^(?:Ref$|Fn::|Condition$)/.test(only[0]))
      return this.#call(only[0], only[1]);
    return Object.fromEntries(
      entries.flatMap(([key, value]) => {
        const resolved = this.value(value);
        return resolved === undefined ? [] : [[key, resolved]];
      }),
    );
  }

  #call(name: string, argument: Json): Json | undefined {
    if (name === "Ref") return this.#ref(String(argument));
    if (name === "Fn::GetAtt") {
      const [resource = "", ...path] =
        typeof argument === "string" ? argument.split(".") : (argument as readonly string[]);
      return this.#attribute(resource, path.join("."));
    }
    if (name === "Fn::Sub") return this.#substitute(argument);
    if (name === "Fn::If") {
      const [condition, then, otherwise] = argument as readonly [string, Json, Json];
      return this.value(this.holds(condition) ? then : otherwise);
    }
    const resolved = this.value(argument) as Json;
    if (name === "Fn::Join") {
      const [separator, parts] = resolved as readonly [string, readonly string[]];
      return parts.join(separator);
    }
    if (name === "Fn::Select") {
      const [index, from] = resolved as readonly [number | string, readonly Json[]];
      return from[Number(index)];
    }
    if (name === "Fn::Split") {
      const [separator, whole] = resolved as readonly [string, string];
      return whole.split(separator);
    }
    throw new Error(`The rehearsal does not know ${name}, which the template uses.`);
  }

  #truth(json: Json): boolean {
    const [[name, argument] = ["", null]] = Object.entries(json as Members);
    const parts = Array.isArray(argument) ? (argument as readonly Json[]) : [];
    if (name === "Condition") return this.holds(String(argument));
    if (name === "Fn::Not") return !this.#truth(parts[0] ?? null);
    if (name === "Fn::And") return parts.every((part) => this.#truth(part));
    if (name === "Fn::Or") return parts.some((part) => this.#truth(part));
    if (name === "Fn::Equals") return this.value(parts[0] ?? null) === this.value(parts[1] ?? null);
    throw new Error(`The rehearsal does not know the condition ${name}, which the template uses.`);
  }

  #ref(name: string): Json | undefined {
    if (name === "AWS::NoValue") return undefined;
    const pseudo = PSEUDO[name];
    if (pseudo !== undefined) return pseudo;
    const parameter = this.#raw.Parameters?.[name];
    if (parameter === undefined) return this.identity(name).ref;
    const given = this.#parameters[name] ?? parameter["Default"];
    if (given === undefined) throw new Error(`The template's parameter ${name} has no value.`);
    return given;
  }

  #attribute(name: string, attribute: string): string {
    const value = this.identity(name).attributes[attribute];
    if (value === undefined) throw new Error(`The rehearsal knows no ${attribute} of ${name}.`);
    return value;
  }

  #substitute(argument: Json): string {
    const [pattern, given] =
      typeof argument === "string" ? [argument, {}] : (argument as readonly [string, Members]);
    return pattern.replace(/\$\{(!?)([^}]+)\}/g, (_all, literal: string, name: string) => {
      if (literal === "!") return `\${${name}}`;
      const own = given[name];
      if (own !== undefined) return String(this.value(own));
      return String(name.includes(".") ? this.#call("Fn::GetAtt", name) : this.#ref(name));
    });
  }
}
