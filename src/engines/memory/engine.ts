/** The engine: hands each method of the port to the file that does it. Refuses to work once it is closed. */
import { numberIn } from "../../core/cursor.ts";
import type {
  Answer,
  Change,
  Cursor,
  Engine,
  EngineHost,
  EngineLimits,
  JobQuery,
  Ref,
  Retention,
} from "../../core/engine.ts";
import { SpillwayError } from "../../core/errors.ts";
import type { Principal } from "../../core/job.ts";
import type { ShareRequest } from "../../core/share.ts";
import type { ItemKey } from "../../core/table.ts";
import { apply } from "./apply.ts";
import { Grants } from "./grants.ts";
import * as queries from "./queries.ts";
import { Store } from "./store.ts";
import { sweep } from "./sweep.ts";

export class MemoryEngine implements Engine {
  readonly name = "memory";
  readonly location = "memory: gone when this process ends";
  readonly lastSequence = 0;
  readonly limits: EngineLimits;
  readonly secret: string;
  readonly #host: EngineHost;
  readonly #retention: Retention;
  readonly #grants: Grants;
  #open: Store | undefined = new Store();

  constructor(host: EngineHost, limits: EngineLimits, retention: Retention) {
    this.#host = host;
    this.#retention = retention;
    this.limits = limits;
    this.#grants = new Grants(host.hint);
    this.secret = host.random.hex(32);
  }

  async commit(changes: readonly Change[]) {
    const store = this.#store;
    const now = this.#host.clock.now();
    return changes.map((change) => this.#answer(store, change, now));
  }

  async find(refs: readonly Ref[]) {
    const store = this.#store;
    return refs.map((ref) => queries.find(store, ref));
  }

  async list(query: JobQuery) {
    return queries.list(this.#store, query);
  }

  async changes(principal: Principal, after: Cursor | undefined, limit: number) {
    return queries.changes(this.#store, principal, after, limit);
  }

  async deadLetters() {
    return queries.deadLetters(this.#store);
  }

  async figures() {
    return queries.figures(this.#store, this.#host.clock.now());
  }

  async read(keys: readonly ItemKey[]) {
    const { items } = this.#store;
    return keys.map((key) => items.get(key));
  }

  async scan(table: string, after: string, limit: number) {
    return this.#store.items.scan(table, after, limit);
  }

  async settings() {
    return [...this.#store.settings.values()];
  }

  /** For nodes that are given this one engine, as a test does: an app on it is alone and asks nobody. */
  async share(request: ShareRequest) {
    return this.#grants.share(request, this.#store.settings, this.#host.clock.now());
  }

  async nodes() {
    return this.#grants.nodes(this.#host.clock.now());
  }

  async audit(limit: number, cursor?: Cursor) {
    return this.#store.audit.page(limit, numberIn(cursor));
  }

  async sweep(limit: number) {
    return sweep(this.#store, limit, this.#retention, this.#host.random, this.#host.clock.now());
  }

  async close() {
    this.#open = undefined;
  }

  #answer(store: Store, change: Change, now: number): Answer {
    try {
      return apply(store, change, this.#retention, now);
    } catch (error) {
      return {
        kind: "refused",
        code: "internal",
        detail: error instanceof Error ? error.message : String(error),
      };
    }
  }

  get #store(): Store {
    if (this.#open) return this.#open;
    throw new SpillwayError("storage-unavailable", "The memory engine is closed.");
  }
}
