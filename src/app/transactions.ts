/** Whether the engine has a connection for every handler with `sql: true` that the limits let run at once. */
import type { EngineSource } from "../core/engine.ts";
import { configurationError } from "../core/errors.ts";
import type { AnySpec } from "../core/operation.ts";

export function checkTransactions(specs: readonly AnySpec[], engine: EngineSource | undefined): void {
  const asking = specs.filter(({ sql }) => sql);
  const [first] = asking;
  if (!first) return;
  const most = engine?.limits.sql?.transactions ?? 0;
  if (!engine || most === 0) {
    throw configurationError(
      `Operation "${first.name}" has sql: true, and ${engine ? `${engine.name} has no interactive transactions` : "there is no engine"}.`,
      `Use postgres(url)${engine?.limits.sql ? ", or write.sql(), which is run with the outcome" : ""}.`,
    );
  }
  const atOnce = mostAtOnce(asking);
  if (atOnce <= most) return;
  throw configurationError(
    `Up to ${atOnce} handlers with sql: true may run at once (${asking.map(({ name }) => name).join(", ")}), and ${engine.name} has ${most} connections for them.`,
    `Give it more, postgres(url, { pool: ${atOnce} }), or bound them by a resource that they share.`,
  );
}

/** Each is under its narrowest limit; those that share it count once. */
function mostAtOnce(specs: readonly AnySpec[]): number {
  const narrowest = new Map<string, number>();
  let sum = 0;
  for (const { resources, concurrency } of specs) {
    const [least] = [...resources].sort((a, b) => a.concurrency - b.concurrency);
    if (least) narrowest.set(least.name, least.concurrency);
    else sum += concurrency ?? Number.POSITIVE_INFINITY;
  }
  for (const limit of narrowest.values()) sum += limit;
  return sum;
}
