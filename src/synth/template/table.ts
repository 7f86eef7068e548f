/** The one table, as the engine describes it. */
import { TTL_ATTRIBUTE, tableDefinition } from "../../engines/aws/table-definition.ts";
import { type JsonObject, type Part, RETAINED, ref } from "./cloudformation.ts";

export const TABLE = "Table";

/** Without a name of its own, so that two stacks never fight over one, and a change may replace it. */
export function tablePart(): Part {
  const { TableName: _, ...definition } = tableDefinition(TABLE);
  return {
    resources: {
      [TABLE]: {
        Type: "AWS::DynamoDB::Table",
        Properties: {
          ...(definition as unknown as JsonObject),
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          TimeToLiveSpecification: { AttributeName: TTL_ATTRIBUTE, Enabled: true },
        },
        ...RETAINED,
      },
    },
    outputs: {
      TableName: { Description: "Jobs, items, settings: everything that is kept", Value: ref(TABLE) },
    },
  };
}

/** Names of its indexes. */
export function indexNames(): readonly string[] {
  return tableDefinition(TABLE).GlobalSecondaryIndexes.map(({ IndexName }) => IndexName);
}
