/** What the wire suite's servers are started with on AWS: a table for each folder, for as long as the tests' process. */
import { basename, join } from "node:path";
import { rig, type Store } from "./rig.ts";

const stores = new Map<string, Promise<Store>>();

/** For `node`, before the program's name. */
export const nodeOptions: readonly string[] = ["--import", join(import.meta.dirname, "served-on-aws.ts")];

/** @param folder where another engine would keep its store: who is given it again finds the same table */
export async function environmentOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const on = await rig();
  const found = stores.get(folder) ?? on.newStore([]);
  stores.set(folder, found);
  const { table, environment } = await found;
  const queues = `${on.environment["AWS_ENDPOINT_URL_SQS"]}/000000000000/on-demand-${basename(folder)}`;
  return { ...environment, SPILLWAY_TABLE: table, SPILLWAY_TEST_QUEUES: queues };
}
