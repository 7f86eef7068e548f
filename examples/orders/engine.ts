/** Where orders are kept: in a folder of this machine, or in PostgreSQL, where several processes serve them together. */
import { sqlite } from "spillway/sqlite";
import type { Settings } from "./settings.ts";

export async function engineOf({ folder, postgres: url }: Settings): Promise<ReturnType<typeof sqlite>> {
  if (url === undefined) return sqlite(folder);
  const { postgres } = await import("spillway/postgres");
  return postgres(url);
}
