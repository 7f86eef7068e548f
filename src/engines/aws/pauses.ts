/** Which operations an operator has paused, as it was known a minute ago at most: themselves, or a resource of theirs. */
import type { Clock } from "../../core/clock.ts";
import type { Settings } from "./settings.ts";

const KNOWN_MS = 30_000;

export class Pauses {
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #limitsOf: Readonly<Record<string, readonly string[]>>;
  readonly #operations: readonly string[];
  #paused: ReadonlySet<string> = new Set();
  #readAt = Number.NEGATIVE_INFINITY;

  /** @param limitsOf the limits that each operation is under, as `resources/orders-db` */
  constructor(
    settings: Settings,
    clock: Clock,
    operations: readonly string[],
    limitsOf: Readonly<Record<string, readonly string[]>>,
  ) {
    this.#settings = settings;
    this.#clock = clock;
    this.#operations = operations;
    this.#limitsOf = limitsOf;
  }

  async operations(): Promise<ReadonlySet<string>> {
    const now = this.#clock.monotonic();
    if (now - this.#readAt < KNOWN_MS) return this.#paused;
    const paused = (await this.#settings.settings()).filter((setting) => setting.paused);
    const names = new Set(paused.map(({ scope, name }) => `${scope}s/${name}`));
    const isPaused = (operation: string) =>
      names.has(`operations/${operation}`) ||
      (this.#limitsOf[operation] ?? []).some((limit) => names.has(limit));
    this.#paused = new Set(this.#operations.filter(isPaused));
    this.#readAt = now;
    return this.#paused;
  }
}
