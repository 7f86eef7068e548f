import type { Rule } from "../rule.ts";

export const pointInTimeRecovery: Rule = {
  id: "point-in-time-recovery",
  severity: "lose",
  why: "Receipts, tables and what is queued are in this table alone. Without recovery a mistaken deletion or a faulty handler cannot be undone.",
  source: "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html",
  check: ({ template, table }) => {
    const property = "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled";
    if (table === undefined || template.value(table, property) === true) return [];
    const says = template.value(table, property) === undefined ? "is not set." : "is not true.";
    return [{ at: table, property, says, fix: "PointInTimeRecoveryEnabled: true" }];
  },
};
