/**
 * The one table as CreateTable takes it, and as a template says it: two texts that would drift if each were written
 * for itself. Rows are described in rows.ts; ADR 0011 says why they lie as they do.
 */

/** Of jobs that are due, or whose lease is to be looked after, or that have failed. */
export const WORK_INDEX = "work";
/** Listed jobs, newest first. */
export const JOBS_INDEX = "jobs";
/** Listed jobs of a principal with a name, in the order of their last change. */
export const CHANGES_INDEX = "changes";

/** DynamoDB deletes what is past it, in days; every read and every condition looks at the moment itself. */
export const TTL_ATTRIBUTE = "ttl";

type KeySchema = { readonly AttributeName: string; readonly KeyType: "HASH" | "RANGE" }[];

/** Its arrays can be changed since the SDK's commands, which it is given to, ask for such. */
export type TableDefinition = {
  readonly TableName: string;
  readonly BillingMode: "PAY_PER_REQUEST";
  readonly AttributeDefinitions: { readonly AttributeName: string; readonly AttributeType: "S" }[];
  readonly KeySchema: KeySchema;
  readonly GlobalSecondaryIndexes: {
    readonly IndexName: string;
    readonly KeySchema: KeySchema;
    readonly Projection:
      | { readonly ProjectionType: "KEYS_ONLY" }
      | { readonly ProjectionType: "INCLUDE"; readonly NonKeyAttributes: string[] };
  }[];
};

/** Without what CreateTable does not take: time to live, on TTL_ATTRIBUTE, is switched on afterwards. */
export function tableDefinition(name: string): TableDefinition {
  return {
    TableName: name,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: ["pk", "sk", "wk", "ws", "lk", "ls", "ck", "cs"].map((attribute) => ({
      AttributeName: attribute,
      AttributeType: "S",
    })),
    KeySchema: keys("pk", "sk"),
    GlobalSecondaryIndexes: [
      {
        IndexName: WORK_INDEX,
        KeySchema: keys("wk", "ws"),
        // Operation, when accepted, error code, when it may go: what figures and dead letters are made of.
        Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["op", "ac", "ec", "x"] },
      },
      { IndexName: JOBS_INDEX, KeySchema: keys("lk", "ls"), Projection: { ProjectionType: "KEYS_ONLY" } },
      { IndexName: CHANGES_INDEX, KeySchema: keys("ck", "cs"), Projection: { ProjectionType: "KEYS_ONLY" } },
    ],
  };
}

function keys(hash: string, range: string): KeySchema {
  return [
    { AttributeName: hash, KeyType: "HASH" },
    { AttributeName: range, KeyType: "RANGE" },
  ];
}
