/** The engine: hands each method of the port to the file that does it. Refuses to work once it is closed. */
import type { Change, Cursor, Engine, EngineHost, EngineLimits, JobQuery, Ref } from "../../core/engine.ts";
import { SpillwayError } from "../../core/errors.ts";
import type { Principal } from "../../core/job.ts";
import type { ItemKey } from "../../core/table.ts";
import { isOwner } from "../../core/transition.ts";
import { changes } from "./changes.ts";
import { Claims } from "./claims.ts";
import { Commits } from "./commit.ts";
import { Database } from "./database.ts";
import { deadLetters, figures } from "./figures.ts";
import { Items } from "./items.ts";
import { jobKey } from "./keys.ts";
import { lastSequence, list } from "./lists.ts";
import type { Notice } from "./message.ts";
import type { Settled } from "./options.ts";
import { Parked } from "./parked.ts";
import { Polling } from "./polling.ts";
import { Queues } from "./queues.ts";
import { seen } from "./rows.ts";
import { Settings } from "./settings.ts";
import type { Store } from "./store.ts";
import { sweep } from "./sweep.ts";
import { Ticks } from "./ticks.ts";

export async function openAws(options: Settled, limits: EngineLimits, host: EngineHost): Promise<Engine> {
  const { table, clients, retention } = options;
  const database = new Database(table, clients.dynamodb, host);
  const queues = new Queues(clients.sqs, options.queues, host.clock);
  const parked = new Parked(database, host.clock);
  const under = new Set<Promise<unknown>>();
  const store: Store = {
    database,
    items: new Items(database),
    queues,
    ticks: new Ticks(host.clock),
    retention,
    host,
    mode: new Polling(queues, parked),
    notify(notices: readonly Notice[]) {
      const sending = queues.send(notices);
      under.add(sending);
      void sending.finally(() => under.delete(sending));
    },
  };
  const settings = new Settings(database, host, retention.auditMs);
  const [secret, last] = await Promise.all([settings.secret(), lastSequence(store)]);
  const opened = {
    store,
    settings,
    parked,
    secret,
    lastSequence: last,
    operations: Object.keys(options.queues),
  };
  return new AwsEngine(opened, limits);
}

type Opened = {
  readonly store: Store;
  readonly settings: Settings;
  readonly parked: Parked;
  readonly secret: string;
  readonly lastSequence: number;
  readonly operations: readonly string[];
};

export class AwsEngine implements Engine {
  readonly name = "aws";
  readonly limits: EngineLimits;
  readonly secret: string;
  readonly lastSequence: number;
  readonly location: string;
  readonly #opened: Opened;
  readonly #claims: Claims;
  readonly #commits: Commits;
  #isOpen = true;

  constructor(opened: Opened, limits: EngineLimits) {
    this.limits = limits;
    this.#opened = opened;
    this.secret = opened.secret;
    this.lastSequence = opened.lastSequence;
    this.location = `DynamoDB table ${opened.store.database.table}`;
    this.#claims = new Claims(opened.store, opened.parked);
    this.#commits = new Commits(opened.store, this.#claims, opened.settings);
  }

  async commit(group: readonly Change[]) {
    this.#assertOpen();
    return this.#commits.commit(group);
  }

  listen(operations: readonly string[]) {
    const { store } = this.#opened;
    store.queues.listen(operations, (operation) => store.host.hint?.("queue", operation));
  }

  async find(refs: readonly Ref[]) {
    const { database, host } = this.#store;
    const found = await database.get(refs.map(({ id }) => jobKey(id)));
    return refs.map((ref, place) => {
      const { row } = seen(found[place], host.clock.now());
      return row && isOwner(row.record, ref) ? row.record : undefined;
    });
  }

  async list(query: JobQuery) {
    return list(this.#store, query);
  }

  async changes(principal: Principal, after: Cursor | undefined, limit: number) {
    return changes(this.#store, principal, after, limit);
  }

  async deadLetters() {
    return deadLetters(this.#store);
  }

  async figures() {
    await this.#claims.settled();
    return figures(this.#store, this.#opened.operations);
  }

  async read(keys: readonly ItemKey[]) {
    return this.#store.items.read(keys);
  }

  async scan(table: string, after: string, limit: number) {
    return this.#store.items.scan(table, after, limit);
  }

  async settings() {
    this.#assertOpen();
    return this.#opened.settings.settings();
  }

  async audit(limit: number, cursor?: Cursor) {
    this.#assertOpen();
    return this.#opened.settings.audit(limit, cursor);
  }

  async sweep(limit: number) {
    return sweep(this.#store, limit);
  }

  async close() {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#claims.close();
    await this.#opened.store.queues.close();
  }

  get #store(): Store {
    this.#assertOpen();
    return this.#opened.store;
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw new SpillwayError("storage-unavailable", "The AWS engine is closed.");
  }
}
