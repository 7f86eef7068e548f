/**
 * What a settlement's items are before it. The first try assumes what must be so for it to be applied, and knows what
 * the settlement before it in the same commit has written; every other one has looked.
 */
import type { Settlement } from "../../core/engine.ts";
import type { ItemChange } from "../../core/items.ts";
import type { ItemKey } from "../../core/table.ts";
import { assumed, assumedRead, found, type Items, type Standing, standingAfter } from "./items.ts";
import { itemKey } from "./keys.ts";

/** By the names of their keys. */
export type Standings = ReadonlyMap<string, Standing>;

export class Known {
  readonly #items: Items;
  /** As the commit left them so far. */
  readonly #written = new Map<string, Standing>();

  constructor(items: Items) {
    this.#items = items;
  }

  /** @param version the one that the writes begin with */
  async first(settlement: Settlement, version: number): Promise<Standings> {
    const standings = assumptions(settlement, version);
    const missing: ItemKey[] = [];
    for (const key of [...settlement.reads, ...settlement.writes]) {
      const name = nameOf(key);
      const written = this.#written.get(name);
      if (written) standings.set(name, written);
      else if (!standings.has(name)) missing.push(key);
    }
    for (const [name, standing] of await this.#look(missing)) standings.set(name, standing);
    return standings;
  }

  looked({ reads, writes }: Settlement): Promise<Standings> {
    return this.#look([...reads, ...writes]);
  }

  learn(changes: readonly ItemChange[], before: Standings, least: (place: number) => number): void {
    for (const [place, change] of changes.entries()) {
      const name = nameOf(change);
      const standing = before.get(name);
      if (standing) this.#written.set(name, standingAfter(change, standing, least(place)));
    }
  }

  forget(changes: readonly ItemKey[]): void {
    for (const change of changes) this.#written.delete(nameOf(change));
  }

  async #look(keys: readonly ItemKey[]): Promise<Standings> {
    const stored = keys.length === 0 ? [] : await this.#items.stored(keys);
    return new Map(keys.map((key, place) => [nameOf(key), found(stored[place])]));
  }
}

function assumptions({ reads, writes }: Settlement, version: number): Map<string, Standing> {
  const standings = new Map<string, Standing>();
  const adds = new Set(writes.filter(({ kind }) => kind === "add").map(nameOf));
  const times = new Map<string, number>();
  for (const write of writes) times.set(nameOf(write), (times.get(nameOf(write)) ?? 0) + 1);
  for (const write of writes) {
    const standing = times.get(nameOf(write)) === 1 ? assumed(write, version) : undefined;
    if (standing) standings.set(nameOf(write), standing);
  }
  const read = new Map(reads.map((one) => [nameOf(one), one.version]));
  for (const [name, seen] of read) if (!adds.has(name)) standings.set(name, assumedRead(seen, version));
  return standings;
}

export function nameOf(key: ItemKey): string {
  const { pk, sk } = itemKey(key);
  return `${pk}\n${sk}`;
}
