/**
 * Whether an operation can be measured, and what with: its flow, its limits, its inputs. Refuses what cannot, with the
 * next step.
 */
import type { App } from "../../app/app.ts";
import type { JsonValue } from "../../core/json.ts";
import { parseJson } from "../../core/json-build.ts";
import type { AnySpec, Operation } from "../../core/operation.ts";
import { type Fault, inputSchemaOf, validate } from "../../core/schema.ts";
import { LabRefusal } from "../errors.ts";
import { CannotMake, madeInput } from "../made-input.ts";
import type { DescribeRequest, Description } from "../messages.ts";
import type { ResourceLimit } from "../report.ts";

/** In the words of standardschema.dev. */
const WHY_NOT =
  "it has no `jsonSchema` (Standard JSON Schema: Zod from 4.2 and ArkType from 2.1.28 have it, Valibot through @valibot/to-json-schema), or a part that JSON Schema has no word for, such as a transform or a date.";
const GIVE_ONE = "Give one: --input '{ … }', or many: --inputs FILE.ndjson.";

export async function describe(app: App, request: DescribeRequest): Promise<Description> {
  const { operations, authenticate } = app.options;
  const { spec } = named(operations, request.operation);
  const probe = request.probe === undefined ? undefined : named(operations, request.probe).spec;
  for (const one of [spec, ...(probe ? [probe] : [])]) {
    if (one.access === "internal")
      throw new LabRefusal(
        `"${one.name}" has access "internal": only other operations reach it. Measure the one that sends it.`,
      );
    if (one.access === "public" && authenticate && !request.hasBearer)
      throw new LabRefusal(
        `This app has \`authenticate\`, so calls of "${one.name}" need a token. Give one: --bearer TOKEN.`,
      );
  }
  const inputs = request.inputs ?? [await made(spec)];
  // A recording is not looked at: what is invalid in it was so then, and there may be half a million of them.
  for (const [place, text] of request.mayBeInvalid ? [] : inputs.entries()) {
    const faults = await faultsOf(spec, parseJson(text));
    if (faults.length > 0)
      throw new LabRefusal(
        `${inputs.length > 1 ? `Input ${place + 1}` : "The input"} ${text.slice(0, 200)} is not one of "${spec.name}": ${told(faults)}.`,
      );
  }
  return {
    kind: "described",
    flow: spec.flow,
    access: spec.access,
    keyRequired: spec.keyRequired,
    timeoutMs: spec.timeoutMs,
    resources: limitsOf(spec),
    inputs,
    isMade: request.inputs === undefined,
    probeAccess: probe?.access,
  };
}

function named(operations: readonly Operation[], name: string): Operation {
  const found = operations.find(({ spec }) => spec.name === name);
  if (found) return found;
  const callable = operations.filter(({ spec }) => spec.access !== "internal").map(({ spec }) => spec.name);
  throw new LabRefusal(`The app has no operation ${JSON.stringify(name)}. It has: ${callable.join(", ")}.`);
}

function limitsOf({ name, resources, concurrency }: AnySpec): readonly ResourceLimit[] {
  const shared = resources.map((one) => ({
    name: one.name,
    concurrency: one.concurrency,
    ratePerSecond: one.ratePerSecond ?? null,
  }));
  return concurrency === undefined ? shared : [...shared, { name, concurrency, ratePerSecond: null }];
}

async function made(spec: AnySpec): Promise<string> {
  const schema = inputSchemaOf(spec.input) as Parameters<typeof madeInput>[0] | undefined;
  if (schema === undefined)
    throw new LabRefusal(
      `The schema of "${spec.name}" cannot say what an input looks like: ${WHY_NOT} ${GIVE_ONE}`,
    );
  try {
    const input = madeInput(schema);
    const faults = await faultsOf(spec, input);
    if (faults.length > 0) throw new CannotMake(told(faults));
    return JSON.stringify(input);
  } catch (error) {
    if (!(error instanceof CannotMake)) throw error;
    throw new LabRefusal(
      `No input could be made from the schema of "${spec.name}" (${error.message}). ${GIVE_ONE}`,
    );
  }
}

async function faultsOf(spec: AnySpec, input: JsonValue): Promise<readonly Fault[]> {
  const result = await validate(spec.input, input);
  return result.ok ? [] : result.faults;
}

function told(faults: readonly Fault[]): string {
  return faults.map(({ pointer, detail }) => `${pointer || "/"}: ${detail}`).join("; ");
}
