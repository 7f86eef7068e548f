/** What a rule is: data about one trap of AWS, and the check that finds it in a template. */

import type { Subject } from "./subject.ts";
import type { Resource } from "./template.ts";

export const SEVERITIES = ["lose", "double", "overrun", "unseen", "cost"] as const;
/**
 * What comes of a setting: work is lost, or done twice; a limit is not kept; nobody hears of a failure; or money is
 * spent for nothing. The first three are reasons not to deploy.
 */
export type Severity = (typeof SEVERITIES)[number];

export type Rule = {
  readonly id: string;
  readonly severity: Severity;
  /** What happens because of it, for whoever has never met it. */
  readonly why: string;
  /** Where that is said. */
  readonly source: string;
  readonly check: (subject: Subject) => readonly Observation[];
};

export type Observation = {
  readonly at: Resource;
  /** None where something is missing beside the resource. */
  readonly property?: string;
  /** The value, and what is wrong with it; read after the property's name, or the resource's: "is 30 s; …". */
  readonly says: string;
  /** What to write instead. */
  readonly fix: string;
};

export type Finding = {
  readonly rule: string;
  readonly severity: Severity;
  /** Its logical id. */
  readonly resource: string;
  readonly property: string | null;
  /** What stands there; null where nothing does. */
  readonly value: unknown;
  readonly says: string;
  readonly why: string;
  readonly fix: string;
  readonly source: string;
};
