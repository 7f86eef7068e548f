/** The statements on `items`, in the owner's hands. A version is given out once, also across deletions. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { ItemChange } from "../../core/items.ts";
import type { Item, ItemKey } from "../../core/table.ts";
import type { Counts } from "./counts.ts";

export class Items {
  readonly #counts: Counts;
  readonly #load: StatementSync;
  readonly #store: StatementSync;
  readonly #remove: StatementSync;

  constructor(database: DatabaseSync, counts: Counts) {
    this.#counts = counts;
    this.#load = database.prepare('SELECT version, value FROM items WHERE "table" = ? AND key = ?');
    this.#store = database.prepare(
      `INSERT INTO items ("table", key, version, value) VALUES (?1, ?2, ?3, ?4)
       ON CONFLICT DO UPDATE SET version = ?3, value = ?4`,
    );
    this.#remove = database.prepare('DELETE FROM items WHERE "table" = ? AND key = ?');
  }

  load({ table, key }: ItemKey): Pick<Item, "version" | "value"> | undefined {
    return this.#load.get(table, key) as Pick<Item, "version" | "value"> | undefined;
  }

  store({ table, key, value }: ItemChange): void {
    if (value === undefined) this.#remove.run(table, key);
    else this.#store.run(table, key, this.#counts.nextVersion(), value);
  }
}
