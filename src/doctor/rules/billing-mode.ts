import type { Rule } from "../rule.ts";

export const billingMode: Rule = {
  id: "billing-mode",
  severity: "cost",
  why: "Capacity that is provisioned is paid at every hour of every day, and refuses what a burst asks of it above that.",
  source: "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html",
  check: ({ template, table }) => {
    const property = "BillingMode";
    if (table === undefined || template.value(table, property) === "PAY_PER_REQUEST") return [];
    const says = `is ${template.value(table, property) ?? "not set, and PROVISIONED by default"}.`;
    return [{ at: table, property, says, fix: 'BillingMode: "PAY_PER_REQUEST"' }];
  },
};
