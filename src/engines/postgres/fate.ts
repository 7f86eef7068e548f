/**
 * What became of a transaction whose COMMIT was not answered. It leaves a mark, and whoever asks puts the same mark
 * there: that waits for the first one if it still lives, and keeps out one whose statements nobody has read yet. The id
 * of a transaction would not do: after a crash the server gives those again that never reached its log.
 */

import { texts } from "./arrays.ts";
import type { Transaction } from "./connection.ts";
import { failureOf, NotConnected } from "./failures.ts";
import { statement } from "./fragments.ts";
import type { Line } from "./line.ts";
import type { Lines } from "./lines.ts";
import { pause } from "./pauses.ts";

const PAUSE_MS = 50;
/** Cleared away at once; the rest goes with the next. */
const MOST_CLEARED = 200;
const NOW = "extract(epoch FROM clock_timestamp()) * 1000";

export class Fates {
  readonly #lines: Lines;
  readonly #node: string;
  readonly #statements: ReturnType<typeof statementsOf>;
  /** Whose fate is known: nobody asks for them any more. */
  #known: string[] = [];
  #marks = 0;

  /** @param node no other process has it */
  constructor(lines: Lines, schema: string, node: string) {
    this.#lines = lines;
    this.#node = node;
    this.#statements = statementsOf(schema);
  }

  /** Before anything else of a transaction that cannot simply be sent again. */
  mark(transaction: Transaction): string {
    const mark = `${this.#node}.${this.#marks++}`;
    void transaction.run(this.#statements.mark, [mark, texts(this.#known.splice(0, MOST_CLEARED))]);
    return mark;
  }

  /** It was committed, and that was answered. */
  committed(mark: string): void {
    this.#known.push(mark);
  }

  /** Asked until it is known. From then on it stays so. */
  async wasCommitted(mark: string, isClosed: () => boolean): Promise<boolean> {
    for (;;) {
      const fate = await this.#ask(mark);
      if (fate !== undefined) return fate;
      if (isClosed()) throw new NotConnected("The engine is closed.");
      await pause(PAUSE_MS);
    }
  }

  async #ask(mark: string): Promise<boolean | undefined> {
    let line: Line | undefined;
    try {
      line = await this.#lines.take();
      const { rows } = await line.send<readonly [boolean]>(this.#statements.ask, [mark]);
      return rows[0]?.[0] === true;
    } catch (error) {
      return failureOf(error) === "change" ? false : undefined;
    } finally {
      if (line) this.#lines.giveBack(line);
    }
  }
}

function statementsOf(schema: string) {
  return {
    mark: statement(
      "spillway_mark",
      `WITH cleared AS (DELETE FROM ${schema}.marks WHERE mark = ANY ($2::text[]))
      INSERT INTO ${schema}.marks (mark, committed, at) VALUES ($1, true, ${NOW})`,
    ),
    // An answer to this may be lost too: who comes again finds what the first one put there.
    ask: statement(
      "spillway_ask_mark",
      `INSERT INTO ${schema}.marks AS m (mark, committed, at) VALUES ($1, false, ${NOW})
      ON CONFLICT (mark) DO UPDATE SET at = excluded.at RETURNING m.committed`,
    ),
  };
}
