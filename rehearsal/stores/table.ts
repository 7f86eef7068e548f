/** Makes the template's tables, as they stand there. */
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { ACCOUNT, REGION } from "../template/resolve.ts";
import type { Resource, Template } from "../template/template.ts";
import { members, text } from "../template/template.ts";
import type { Stores } from "./stores.ts";

const TAKEN = [
  "AttributeDefinitions",
  "BillingMode",
  "GlobalSecondaryIndexes",
  "KeySchema",
  "LocalSecondaryIndexes",
] as const;

export async function createTables(template: Template, { dynamodb }: Stores): Promise<void> {
  for (const resource of template.all("AWS::DynamoDB::Table")) {
    const { ref } = template.resolver.identity(resource.name);
    const taken = TAKEN.flatMap((name) =>
      resource.properties[name] === undefined ? [] : [[name, resource.properties[name]]],
    );
    await dynamodb.send(
      new CreateTableCommand({ TableName: ref, ...Object.fromEntries(taken) } as CreateTableCommandInput),
    );
    const { AttributeName, Enabled } = members(resource.properties["TimeToLiveSpecification"]);
    if (Enabled !== true) continue;
    await dynamodb.send(
      new UpdateTimeToLiveCommand({
        TableName: ref,
        TimeToLiveSpecification: {
          Enabled: true,
          AttributeName: text(AttributeName, `${resource.name}: the attribute of its TTL`),
        },
      }),
    );
  }
}

export const tableIdentity = ({ name, properties }: Resource) => {
  const ref = typeof properties["TableName"] === "string" ? properties["TableName"] : `rehearsal-${name}`;
  return { ref, attributes: { Arn: `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${ref}` } };
};
