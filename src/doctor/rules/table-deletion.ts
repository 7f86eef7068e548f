import type { Observation, Rule } from "../rule.ts";

const POLICIES = ["DeletionPolicy", "UpdateReplacePolicy"] as const;
const KEPT = ["Retain", "RetainExceptOnCreate", "Snapshot"];

export const tableDeletion: Rule = {
  id: "table-deletion",
  severity: "lose",
  why: "CloudFormation deletes the table with the stack, and with a change that needs another table: what is queued, every receipt and every row with it.",
  source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html",
  check: ({ table }) =>
    POLICIES.flatMap((property): readonly Observation[] => {
      const policy = table?.attributes[property];
      if (table === undefined || KEPT.includes(String(policy))) return [];
      return [{ at: table, property, says: `is ${policy ?? "not set"}.`, fix: `${property}: "Retain"` }];
    }),
};
