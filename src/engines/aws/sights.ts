/** In what order this process saw changes come into sight, and how far that was when it first gave each cursor. */

/** Of more than so many the oldest are forgotten: some of what they stand for may be told again. */
const MOST = 20_000;

export class Sights {
  readonly #seen = new Map<string, number>();
  readonly #given = new Map<string, number>();
  #count = 0;

  /** Its number, from 1; the same each time. */
  seen(name: string): number {
    const known = this.#seen.get(name);
    if (known !== undefined) return known;
    this.#count++;
    remember(this.#seen, name, this.#count);
    return this.#count;
  }

  /** Undefined: another process gave it, or it was forgotten. */
  given(name: string): number | undefined {
    return this.#given.get(name);
  }

  /** Answers what stands: the first that was given for this name. */
  give(name: string, seen: number): number {
    const known = this.#given.get(name);
    if (known !== undefined) return known;
    remember(this.#given, name, seen);
    return seen;
  }
}

function remember(map: Map<string, number>, name: string, value: number): void {
  map.set(name, value);
  const [oldest] = map.keys();
  if (map.size > MOST && oldest !== undefined) map.delete(oldest);
}
