/** What a request to a store is, in the terms of a role: actions, each on a resource. */
import { ACCOUNT, REGION } from "../template/resolve.ts";

export type Permission = { readonly action: string; readonly resource: string };

type Body = {
  readonly TableName?: string;
  readonly IndexName?: string;
  readonly QueueUrl?: string;
  readonly TransactItems?: readonly Readonly<Record<string, { readonly TableName: string }>>[];
  readonly RequestItems?: Readonly<Record<string, unknown>>;
};

const IN_TRANSACTION: Readonly<Record<string, string>> = {
  Put: "PutItem",
  Update: "UpdateItem",
  Delete: "DeleteItem",
  ConditionCheck: "ConditionCheckItem",
  Get: "GetItem",
};

const tableArn = (name: string, index?: string): string =>
  `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${name}${index === undefined ? "" : `/index/${index}`}`;

export function dynamodbPermissions(action: string, text: string): readonly Permission[] {
  const { TableName, IndexName, TransactItems, RequestItems } = JSON.parse(text) as Body;
  if (TransactItems !== undefined)
    return TransactItems.flatMap((item) =>
      Object.entries(item).map(([kind, { TableName: table }]) => ({
        action: `dynamodb:${IN_TRANSACTION[kind] ?? kind}`,
        resource: tableArn(table),
      })),
    );
  if (RequestItems !== undefined)
    return Object.keys(RequestItems).map((table) => ({
      action: `dynamodb:${action}`,
      resource: tableArn(table),
    }));
  return TableName === undefined
    ? []
    : [{ action: `dynamodb:${action}`, resource: tableArn(TableName, IndexName) }];
}

export function sqsPermissions(action: string, text: string): readonly Permission[] {
  const { QueueUrl = "" } = JSON.parse(text) as Body;
  const name = QueueUrl.slice(QueueUrl.lastIndexOf("/") + 1);
  // A batch needs the permission of one.
  return [
    { action: `sqs:${action.replace(/Batch$/, "")}`, resource: `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}` },
  ];
}
