/**
 * The right to tell one connection of its principal's jobs. They are told in their order and from one place, so one
 * process at a time does it; who comes while it does leaves a mark, and the holder then looks once more.
 */
import type { Clock } from "../../core/clock.ts";
import type { Random } from "../../core/random.ts";
import { FIRST_PLACE } from "./places.ts";
import { Told } from "./told.ts";
import { mineKey, number } from "./watch-rows.ts";
import type { WatchTable } from "./watch-table.ts";
import type { Watchers } from "./watchers.ts";

/** Longer than a page takes. Who dies with it is missed for so long at least. */
const TURN_MS = 20_000;
const MOST_TRIES = 3;

export type TurnHost = { readonly watchers: Watchers; readonly clock: Clock; readonly random: Random };

export class TellingTurn {
  readonly #host: TurnHost;
  readonly #key: ReturnType<typeof mineKey>;
  readonly #token: string;
  told = new Told(FIRST_PLACE);

  private constructor(host: TurnHost, principal: string, connection: string) {
    this.#host = host;
    this.#key = mineKey(principal, connection);
    this.#token = host.random.hex(8);
  }

  /** `undefined`: another has it and will look again, or nobody is to be told there any more. */
  static async take(host: TurnHost, principal: string, connection: string): Promise<TellingTurn | undefined> {
    const turn = new TellingTurn(host, principal, connection);
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      if (await turn.#take()) return turn;
      if (await turn.#mark()) return undefined;
    }
    return undefined;
  }

  /** Whether it is still held; what was told until now is kept. */
  async reached(): Promise<boolean> {
    return this.#held("SET c = :c, b = :b, lu = :until", "lt = :t", {
      ":c": { S: this.told.mark },
      ":b": { B: this.told.bytes() },
      ":until": number(this.#until()),
    });
  }

  /** Whether that is all; not if somebody left a mark, and then it goes on. */
  async end(): Promise<boolean> {
    if (await this.#held("REMOVE lt, lu", "lt = :t AND attribute_not_exists(d)", {})) return true;
    const goesOn = await this.#held("SET lu = :until REMOVE d", "lt = :t", {
      ":until": number(this.#until()),
    });
    return !goesOn;
  }

  /** Given up with something left to tell. */
  async drop(): Promise<void> {
    await this.#held("REMOVE lt, lu, d", "lt = :t", {});
  }

  async #take(): Promise<boolean> {
    const now = this.#host.clock.now();
    const row = await this.#host.watchers.table.update(
      this.#key,
      "SET lt = :t, lu = :until REMOVE d",
      "attribute_exists(pk) AND (attribute_not_exists(lu) OR lu < :now OR lt = :t)",
      { ":t": { S: this.#token }, ":until": number(this.#until()), ":now": number(now) },
    );
    this.told = new Told(row?.["c"]?.S ?? FIRST_PLACE, row?.["b"]?.B);
    return row !== undefined;
  }

  /** Whether its holder will see it, or there is no row at all. */
  async #mark(): Promise<boolean> {
    const now = number(this.#host.clock.now());
    const marked = await this.#host.watchers.table.update(this.#key, "SET d = :yes", "lu >= :now", {
      ":yes": { BOOL: true },
      ":now": now,
    });
    return marked !== undefined;
  }

  async #held(to: string, condition: string, values: Parameters<WatchTable["update"]>[3]): Promise<boolean> {
    const all = { ...values, ":t": { S: this.#token } };
    return (await this.#host.watchers.table.update(this.#key, to, condition, all)) !== undefined;
  }

  #until(): number {
    return this.#host.clock.now() + TURN_MS;
  }
}
