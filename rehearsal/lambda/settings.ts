/** What the template says of a function, and the environment that Lambda gives its processes. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ACCOUNT, REGION } from "../template/resolve.ts";
import { members, type Resource, type Template, text, whole } from "../template/template.ts";

export type FunctionSettings = {
  readonly name: string;
  readonly functionName: string;
  readonly arn: string;
  readonly folder: string;
  readonly handler: string;
  readonly runtime: string;
  readonly role: string;
  readonly timeoutMs: number;
  readonly memoryMiB: number;
  /** Reserved for it: also the most that run at once. */
  readonly reserved: number | undefined;
  readonly environment: Readonly<Record<string, string>>;
};

export function functionSettings(template: Template, resource: Resource): FunctionSettings {
  const { name, properties } = resource;
  const { ref, attributes } = template.resolver.identity(name);
  const variables = members(members(properties["Environment"])["Variables"]);
  const reserved = properties["ReservedConcurrentExecutions"];
  return {
    name,
    functionName: ref,
    arn: attributes["Arn"] ?? "",
    folder: template.code(resource),
    handler: text(properties["Handler"], `${name}.Handler`),
    runtime: text(properties["Runtime"], `${name}.Runtime`),
    role: text(properties["Role"], `${name}.Role`),
    timeoutMs: whole(properties["Timeout"], 3) * 1_000,
    memoryMiB: whole(properties["MemorySize"], 128),
    reserved: reserved === undefined ? undefined : Number(reserved),
    environment: Object.fromEntries(
      Object.entries(variables).map(([key, value]) => [key, text(value, `${name}: the variable ${key}`)]),
    ),
  };
}

/** Nothing of this process's own environment: what a function needs stands in the template. */
export function processEnvironment(
  settings: FunctionSettings,
  runtimeApi: string,
  more: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return {
    ...settings.environment,
    TZ: ":UTC",
    LANG: "en_US.UTF-8",
    PATH: "/usr/local/bin:/usr/bin:/bin",
    AWS_ACCESS_KEY_ID: settings.name,
    AWS_SECRET_ACCESS_KEY: "rehearsal",
    AWS_SESSION_TOKEN: "rehearsal",
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_EXECUTION_ENV: `AWS_Lambda_${settings.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: settings.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(settings.memoryMiB),
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${settings.functionName}`,
    AWS_LAMBDA_LOG_STREAM_NAME: "rehearsal",
    AWS_LAMBDA_RUNTIME_API: runtimeApi,
    AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1: "true",
    LAMBDA_TASK_ROOT: settings.folder,
    _HANDLER: settings.handler,
    ...more,
  };
}

const root = join(import.meta.dirname, "../..");

/** The Node.js that the template names, where it is installed beside the project; else the one that runs this. */
export function nodeOf(runtime: string): string {
  const line = /^nodejs(\d+)\.x$/.exec(runtime)?.[1];
  if (line === undefined) throw new Error(`The rehearsal runs Node.js, and not the runtime ${runtime}.`);
  const name = `node-${process.platform}-${process.arch}`;
  const packaged = join(root, `tools/node${line}/node_modules`, name, "bin/node");
  return existsSync(packaged) ? packaged : process.execPath;
}

export const runtimeClient = join(root, "tools/aws/node_modules/aws-lambda-ric/index.mjs");
export const preload = join(import.meta.dirname, "preload.ts");

export const functionIdentity = (name: string) => ({
  ref: `rehearsal-${name}`,
  attributes: { Arn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:rehearsal-${name}` },
});
