/** Templates that others judge: of the orders example, in the plainest form and with everything that can be asked for. */
import { app } from "../../../examples/orders/app.ts";
import type { AppOptions } from "../../../src/app/app.ts";
import { bearerTokens } from "../../../src/door/identity.ts";
import { type Choices, planOf } from "../../../src/synth/plan.ts";
import type { Template } from "../../../src/synth/template/cloudformation.ts";
import { templateFor } from "../../../src/synth/template/template.ts";

export const plain = (): Template => templateOf(app.options, {});

/** Of an app that queues nothing. */
export const withoutQueues = (): Template =>
  templateOf(
    { operations: app.options.operations.filter(({ spec }) => spec.flow === "request") },
    { reserve: false },
  );

export const everything = (): Template =>
  templateOf(
    { ...app.options, authenticate: bearerTokens({ somebody: "0123456789abcdef" }) },
    {
      direct: ["place-order", "place-order-event"],
      environment: { LOG_LEVEL: "info" },
      memoryMiB: 1_024,
      policies: ["arn:aws:iam::123456789012:policy/Mail"],
      shares: { "orders-db": { atOnce: 6, of: 10 } },
      windowSeconds: 5,
    },
  );

/** As `aws cloudformation package` leaves it, which puts the places of uploaded folders in. */
export function packaged(template: Template): Template {
  const entries = Object.entries(template.Resources).map(([id, resource]) => {
    const { Code, ...rest } = resource.Properties;
    if (typeof Code !== "string") return [id, resource] as const;
    const place = { S3Bucket: "a-bucket", S3Key: Code.replace("./code/", "code-of-") };
    return [id, { ...resource, Properties: { ...rest, Code: place } }] as const;
  });
  return { ...template, Resources: Object.fromEntries(entries) };
}

function templateOf(options: AppOptions, choices: Choices): Template {
  const planned = planOf(options, choices);
  if (planned.kind === "planned") return templateFor(planned.plan);
  throw new Error(JSON.stringify(planned.refusals));
}
