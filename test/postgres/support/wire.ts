/** What the wire suite's servers are started with on PostgreSQL: a schema for each folder. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { cluster } from "./cluster.ts";

/** For `node`, before the program's name. */
export const nodeOptions: readonly string[] = [
  "--import",
  join(import.meta.dirname, "served-on-postgres.ts"),
];

/** @param folder where another engine would keep its store: who is given it again finds the same schema */
export async function environmentOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const schema = `wire_${createHash("sha256").update(folder).digest("hex").slice(0, 16)}`;
  return { SPILLWAY_TEST_URL: (await cluster()).url, SPILLWAY_TEST_SCHEMA: schema };
}
