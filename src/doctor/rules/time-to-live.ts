import { TTL_ATTRIBUTE } from "../../engines/aws/table-definition.ts";
import type { Rule } from "../rule.ts";

export const timeToLive: Rule = {
  id: "time-to-live",
  severity: "cost",
  why: "Rows say when they may go, and DynamoDB deletes them only if it is told which attribute says so. Otherwise receipts, slots and connections of all times stay, and are paid for.",
  source: "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html",
  check: ({ template, table }) => {
    const property = "TimeToLiveSpecification";
    if (table === undefined) return [];
    const attribute = template.value(table, `${property}.AttributeName`);
    const isOn = template.value(table, `${property}.Enabled`) === true;
    if (isOn && attribute === TTL_ATTRIBUTE) return [];
    const says = attribute === undefined || !isOn ? "is not on." : `names "${attribute}".`;
    return [
      {
        at: table,
        property,
        says,
        fix: `${property}: { "AttributeName": "${TTL_ATTRIBUTE}", "Enabled": true }`,
      },
    ];
  },
};
