/** Which function an API's integration leads to, and whether the API may invoke it. */
import type { LambdaFunction } from "../lambda/function.ts";
import { ACCOUNT, REGION } from "../template/resolve.ts";
import { type Template, text } from "../template/template.ts";

export type Functions = ReadonlyMap<string, LambdaFunction>;

/** By the ARN that stands in an integration, a mapping or a target, in whichever of its forms. */
export function functionOf(functions: Functions, uri: string, where: string): LambdaFunction {
  const arn = /functions\/(.+)\/invocations$/.exec(uri)?.[1] ?? uri;
  for (const found of functions.values())
    if (found.settings.arn === arn || found.settings.functionName === arn) return found;
  throw new Error(`${where} leads to ${uri}, which is no function of the template.`);
}

export function targetOf(
  template: Template,
  functions: Functions,
  integration: string,
  where: string,
): LambdaFunction {
  const { properties } = template.resolver.resource(integration);
  return functionOf(
    functions,
    text(properties["IntegrationUri"], `${where}: the URI of its integration`),
    where,
  );
}

/** A resource-based permission for a principal and, where it names one, a source. */
export function mayInvoke(
  template: Template,
  target: LambdaFunction,
  principal: string,
  source: string,
): boolean {
  return template.all("AWS::Lambda::Permission").some(({ properties }) => {
    const named = String(properties["FunctionName"] ?? "");
    const { arn, functionName } = target.settings;
    if (named !== arn && named !== functionName) return false;
    if (properties["Principal"] !== principal && properties["Principal"] !== "*") return false;
    const pattern = properties["SourceArn"];
    return pattern === undefined || matches(String(pattern), source);
  });
}

/** An ARN with `*` and `?`. */
export function matches(pattern: string, value: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${expression}$`).test(value);
}

export const apiArn = (apiId: string, path: string): string =>
  `arn:aws:execute-api:${REGION}:${ACCOUNT}:${apiId}/${path}`;

/** The integration's id in `integrations/{id}`. */
export function integrationOf(target: unknown, where: string): string {
  const id = /^integrations\/(.+)$/.exec(String(target))?.[1];
  if (id === undefined) throw new Error(`${where} has the target ${JSON.stringify(target)}.`);
  return id;
}
