/** What the deployment holds when it is quiet: the orders as they stand in the table, the jobs as an operator sees them. */
import { type AttributeValue, ScanCommand } from "@aws-sdk/client-dynamodb";
import type { Stage } from "../stage.ts";
import type { Client } from "./client.ts";
import type { Receipt } from "./ledger.ts";

export type DeadLetters = { readonly operation: string; readonly errorCode: string; readonly count: number };
export type ListedJob = Receipt & {
  readonly operation: string;
  readonly input: { readonly orderId?: string };
};

export type View = {
  /** By tag: the ids of its orders. */
  readonly orders: ReadonlyMap<string, readonly string[]>;
  /** By order: the confirmations that were sent for it. */
  readonly confirmations: ReadonlyMap<string, readonly ListedJob[]>;
  readonly deadLetters: readonly DeadLetters[];
};

export async function viewOf(stage: Stage, client: Client, run: string): Promise<View> {
  const orders = new Map<string, string[]>();
  for (const { orderId, customer } of await storedOrders(stage)) {
    if (!customer.startsWith(`${run}-`)) continue;
    orders.set(customer, [...(orders.get(customer) ?? []), orderId]);
  }
  const confirmations = new Map<string, ListedJob[]>();
  for (const job of await jobsOf(client, "send-confirmation")) {
    const order = job.input.orderId ?? "";
    confirmations.set(order, [...(confirmations.get(order) ?? []), job]);
  }
  const { items } = await client.administer<{ items: readonly DeadLetters[] }>("/admin/dead-letters");
  return { orders, confirmations, deadLetters: items };
}

export async function jobsOf(client: Client, operation: string): Promise<readonly ListedJob[]> {
  const found: ListedJob[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const more: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page: { items: readonly ListedJob[]; next: string | null } = await client.administer(
      `/admin/jobs?operation=${operation}&limit=500${more}`,
    );
    found.push(...page.items);
    cursor = page.next;
  }
  return found;
}

type Order = { readonly orderId: string; readonly customer: string };

/** Every order in the table itself, beside all that Spillway says of it. */
async function storedOrders({ template, stores }: Stage): Promise<readonly Order[]> {
  const [table] = template.all("AWS::DynamoDB::Table");
  if (table === undefined) throw new Error("The template has no table.");
  const { ref } = template.resolver.identity(table.name);
  const found: Order[] = [];
  let from: Record<string, AttributeValue> | undefined;
  do {
    const page = await stores.dynamodb.send(
      new ScanCommand({ TableName: ref, ConsistentRead: true, ExclusiveStartKey: from }),
    );
    for (const row of page.Items ?? [])
      if (row["pk"]?.S?.startsWith("item#orders#")) found.push(...orderIn(row));
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
  return found;
}

/** Whichever attribute of the row holds the order. */
function orderIn(row: Readonly<Record<string, AttributeValue>>): readonly Order[] {
  for (const { S: text, B: bytes } of Object.values(row)) {
    const json = text ?? (bytes === undefined ? "" : Buffer.from(bytes).toString("utf8"));
    if (!json.startsWith("{")) continue;
    const { orderId, customer } = JSON.parse(json) as Partial<Order>;
    if (orderId !== undefined && customer !== undefined) return [{ orderId, customer }];
  }
  return [];
}
