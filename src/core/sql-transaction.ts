/**
 * What an operation with `sql: true` does to tables of the app's own while its handler runs: statements with answers,
 * in one transaction that is committed with the outcome or not at all. It has a connection of its own and is in no
 * group.
 */
import type { AnswerOf, Settlement } from "./engine.ts";
import type { SqlValue } from "./sql.ts";

/** `count`: rows that were changed, where none come back. */
export type SqlRows<Row extends object = Record<string, unknown>> = readonly Row[] & {
  readonly count: number;
};

/** Begins the attempt's transaction when it is first called; everything is committed with the outcome. */
export type Sql = <Row extends object = Record<string, unknown>>(
  text: string,
  params?: readonly SqlValue[],
) => Promise<SqlRows<Row>>;

export interface SqlTransaction {
  /** Others got in its way, or its connection broke: nothing of it is left, and the handler has to run again. */
  readonly isLost: boolean;
  query(text: string, params: readonly SqlValue[]): Promise<SqlRows<object>>;
  /**
   * Commits it with the settlement, fenced like every other, or leaves nothing of either; it is over in any case. A
   * conflict that names nothing: the handler has to run again. Never rejects.
   */
  settle(settlement: Settlement): Promise<AnswerOf<"settle">>;
  /** Whatever is under way in it fails. Does nothing to one that is over. */
  rollback(): void;
}
