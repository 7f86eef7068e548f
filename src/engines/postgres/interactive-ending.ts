/** How an interactive transaction ends: its settlement is looked at, decided and written as in a group of its own. */
import type { AnswerOf, Settlement } from "../../core/engine.ts";
import type { Transaction } from "./connection.ts";
import { decide } from "./decide.ts";
import { flushJobs } from "./flush.ts";
import type { GroupStatements, Terms } from "./group.ts";
import { flushItems } from "./item-writes.ts";
import { look } from "./looking.ts";

/** Writes nothing where the answer is another than `applied`. */
export async function applyIn(
  transaction: Transaction,
  settlement: Settlement,
  statements: GroupStatements,
  { retention, now, part }: Pick<Terms, "retention" | "now" | "part">,
): Promise<AnswerOf<"settle">> {
  const change = { kind: "settle", settlement } as const;
  const found = await look(transaction, statements.look, [change], { careful: true, now });
  const { overlay } = found;
  const loaded = new Set(overlay.items.keys());
  const answer = await decide({ overlay, transaction, retention, now: found.now }, change);
  if (answer.kind !== "applied") return answer as AnswerOf<"settle">;
  await Promise.all([
    ...flushJobs(transaction, statements.flush, overlay, part),
    ...flushItems(transaction, statements.items, overlay, loaded),
  ]);
  return answer;
}
