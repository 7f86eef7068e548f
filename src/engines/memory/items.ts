/** The tables: values by key, each with a version from one counter, so that none is ever given out again. */
import type { ItemChange } from "../../core/items.ts";
import type { Item, ItemKey } from "../../core/table.ts";

type Rows = { readonly items: Map<string, Item>; sorted: readonly string[] | undefined };

export class Items {
  readonly #tables = new Map<string, Rows>();
  #lastVersion = 0;

  get({ table, key }: ItemKey): Item | undefined {
    return this.#tables.get(table)?.items.get(key);
  }

  apply({ table, key, value }: ItemChange): void {
    const rows = this.#rowsOf(table);
    if (value === undefined) {
      if (rows.items.delete(key)) rows.sorted = undefined;
      return;
    }
    if (!rows.items.has(key)) rows.sorted = undefined;
    rows.items.set(key, { table, key, version: ++this.#lastVersion, value });
  }

  scan(table: string, after: string, limit: number): readonly Item[] {
    const rows = this.#tables.get(table);
    if (!rows) return [];
    rows.sorted ??= [...rows.items.keys()].sort(byCodePoint);
    const found: Item[] = [];
    for (let i = firstAfter(rows.sorted, after); i < rows.sorted.length && found.length < limit; i++) {
      const item = rows.items.get(rows.sorted[i] as string);
      if (item) found.push(item);
    }
    return found;
  }

  #rowsOf(table: string): Rows {
    const known = this.#tables.get(table);
    if (known) return known;
    const rows = { items: new Map<string, Item>(), sorted: undefined };
    this.#tables.set(table, rows);
    return rows;
  }
}

function firstAfter(keys: readonly string[], after: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (byCodePoint(keys[middle] as string, after) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** As the bytes of UTF-8 sort, which is the order of every database; `<` would sort by UTF-16 units. */
function byCodePoint(one: string, other: string): number {
  const shared = Math.min(one.length, other.length);
  for (let i = 0; i < shared; i++) {
    const left = one.charCodeAt(i);
    const right = other.charCodeAt(i);
    if (left !== right) return rank(left) - rank(right);
  }
  return one.length - other.length;
}

/** Surrogates stand for code points above all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}
