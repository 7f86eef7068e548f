/** What the template's roles allow, so that a permission that is missing shows here: allowed actions on resources. */
import { matches } from "../gateway/invoking.ts";
import { list, type Members, members, type Template } from "./template.ts";

type Statement = { readonly actions: readonly string[]; readonly resources: readonly string[] };

export class Roles {
  readonly #statements = new Map<string, readonly Statement[]>();

  constructor(template: Template) {
    for (const { name, properties } of template.all("AWS::IAM::Role")) {
      const { ref, attributes } = template.resolver.identity(name);
      const attached = template
        .all("AWS::IAM::Policy")
        .filter((policy) => list(policy.properties["Roles"]).includes(ref))
        .map((policy) => policy.properties);
      const inline = list(properties["Policies"]).map((policy) => members(policy));
      this.#statements.set(attributes["Arn"] ?? "", [...inline, ...attached].flatMap(statementsOf));
    }
  }

  /** Why not, if it may not. Conditions are not read. */
  refusal(role: string, action: string, resource: string): string | undefined {
    const statements = this.#statements.get(role);
    if (statements === undefined) return `${role} is no role of the template`;
    const allowed = statements.some(
      ({ actions, resources }) =>
        actions.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
        resources.some((pattern) => matches(pattern, resource)),
    );
    return allowed ? undefined : `${action} on ${resource} is not allowed to ${role}`;
  }
}

function statementsOf(policy: Members): readonly Statement[] {
  return list(members(policy["PolicyDocument"])["Statement"]).flatMap((statement) => {
    const { Effect, Action, Resource } = members(statement);
    if (Effect !== "Allow") throw new Error("The rehearsal reads roles that only allow; this one denies.");
    return [{ actions: list(Action).map(String), resources: list(Resource).map(String) }];
  });
}
