/** An app's plan, template, code and description together: all that is written for a deployment. Writes nothing itself. */
import type { App } from "../app/app.ts";
import { bundlesOf } from "./bundles.ts";
import { describedPlan } from "./description.ts";
import { type AwsRefusal, type Choices, type Plan, planOf } from "./plan.ts";
import { templateText } from "./template/cloudformation.ts";
import { overfull } from "./template/environment.ts";
import { functionsOf, type PlannedFunction } from "./template/functions.ts";
import { templateFor } from "./template/template.ts";

export type Synthesis = {
  readonly plan: Plan;
  readonly functions: readonly PlannedFunction[];
  /** For people. */
  readonly description: string;
  /** By their path in the folder. */
  readonly files: ReadonlyMap<string, string | Uint8Array>;
};

export type Synthesised =
  | { readonly kind: "made"; readonly made: Synthesis }
  | { readonly kind: "refused"; readonly refusals: readonly AwsRefusal[] };

/** @param module the whole path of the file that exports the app */
export async function synthesis(app: App, module: string, choices: Choices): Promise<Synthesised> {
  const planned = planOf(app.options, choices);
  if (planned.kind === "refused") return planned;
  const { plan } = planned;
  const functions = functionsOf(plan);
  const refusals = overfull(functions);
  if (refusals.length > 0) return { kind: "refused", refusals };
  const template = templateText(templateFor(plan));
  const bundled = await bundlesOf(module, [...new Set(functions.map(({ bundle }) => bundle))]);
  const description = describedPlan(plan, functions, bundled);
  const files = new Map<string, string | Uint8Array>([
    ["template.json", template],
    ["README.md", description],
    ...bundled.map(({ path, contents }) => [`code/${path}`, contents] as const),
  ]);
  return { kind: "made", made: { plan, functions, description, files } };
}
