import type { Observation, Rule } from "../rule.ts";
import { idsOf } from "../subject.ts";
import type { Resource } from "../template.ts";

export const missingParts: Rule = {
  id: "missing-parts",
  severity: "lose",
  why: "The app needs this part, and the template does not have it: it was taken out or renamed, or the template was made before the app was changed.",
  source: "docs/adr/0011-aws.md",
  check: ({ template, plan, queues, http, table, sweep }) => [
    ...(table === undefined ? [missing("Table", "AWS::DynamoDB::Table", "everything that is kept")] : []),
    ...(http === undefined ? [missing("HttpFunction", "AWS::Lambda::Function", "every call")] : []),
    ...(sweep === undefined && plan.queues.length > 0
      ? [missing("SweepFunction", "AWS::Lambda::Function", "what is parked")]
      : []),
    ...queues.flatMap(({ planned, queue, dead, mapping }) => {
      const ids = idsOf(planned);
      const whose = `jobs of ${planned.operations.join(", ")}`;
      if (queue === undefined) return [missing(ids.queue, "AWS::SQS::Queue", whose)];
      return [
        ...(dead === undefined && template.value(queue, "RedrivePolicy") !== undefined
          ? [missing(ids.dead, "AWS::SQS::Queue", `dead letters of ${ids.queue}`)]
          : []),
        ...(mapping === undefined ? [missing(ids.mapping, "AWS::Lambda::EventSourceMapping", whose)] : []),
      ];
    }),
  ],
};

function missing(id: string, type: string, what: string): Observation {
  const at: Resource = { id, type, properties: {}, attributes: {} };
  return {
    at,
    says: `is not in the template: ${what} would have none.`,
    fix: "Make the template anew by spillway synth, and compare",
  };
}
