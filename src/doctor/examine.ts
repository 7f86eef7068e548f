/** Holds a template, and the app that it is of, against every rule. */
import type { AppOptions } from "../app/app.ts";
import type { AwsRefusal, Plan } from "../synth/plan.ts";
import { type Finding, type Rule, SEVERITIES } from "./rule.ts";
import { rules } from "./rules/all.ts";
import { subjectOf } from "./subject.ts";
import { Template, type Unread } from "./template.ts";

export type Examination = {
  /** What AWS cannot honour of the app itself: then there is no template to look at. */
  readonly refusals: readonly AwsRefusal[];
  /** By severity, the gravest first. */
  readonly findings: readonly Finding[];
  /** What only a deployment knows, so that no rule could look at it. */
  readonly unread: readonly Unread[];
  /** How much was looked at. */
  readonly looked: { readonly rules: number; readonly resources: number; readonly pollers: number };
};

export function examine(app: AppOptions, plan: Plan, made: unknown): Examination {
  const template = new Template(made);
  const subject = subjectOf(app, plan, template);
  const found = rules.flatMap((rule) => rule.check(subject).map((one) => findingOf(rule, one, template)));
  return {
    refusals: [],
    findings: SEVERITIES.flatMap((severity) => found.filter((finding) => finding.severity === severity)),
    unread: template.unread,
    looked: { rules: rules.length, resources: template.all().length, pollers: subject.mappings.length },
  };
}

export function refused(refusals: readonly AwsRefusal[]): Examination {
  return { refusals, findings: [], unread: [], looked: { rules: rules.length, resources: 0, pollers: 0 } };
}

/** Whether work would be lost or done twice, or a limit not kept. */
export function isUnsafe({ refusals, findings }: Examination): boolean {
  return refusals.length > 0 || findings.some(({ severity }) => severity !== "cost" && severity !== "unseen");
}

function findingOf(
  { id, severity, why, source }: Rule,
  { at, property, says, fix }: ReturnType<Rule["check"]>[number],
  template: Template,
): Finding {
  const value =
    property === undefined ? null : (template.value(at, property) ?? at.attributes[property] ?? null);
  return { rule: id, severity, resource: at.id, property: property ?? null, value, says, why, fix, source };
}
