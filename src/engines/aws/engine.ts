/** The engine: hands each method of the port to the file that does it. Refuses to work once it is closed. */
import type {
  Change,
  Cursor,
  Engine,
  EngineHost,
  EngineLimits,
  JobQuery,
  Ref,
  Swept,
} from "../../core/engine.ts";
import { SpillwayError } from "../../core/errors.ts";
import type { JobId, JobRecord, Principal } from "../../core/job.ts";
import type { ItemKey } from "../../core/table.ts";
import { isOwner } from "../../core/transition.ts";
import { ChangesOf } from "./changes.ts";
import { Claims } from "./claims.ts";
import { Commits } from "./commit.ts";
import { Database } from "./database.ts";
import { Counts } from "./figures.ts";
import { Items } from "./items.ts";
import { assure } from "./jobs.ts";
import { jobKey } from "./keys.ts";
import { lastSequence, list } from "./lists.ts";
import { LongWaits } from "./long-waits.ts";
import type { Notice } from "./message.ts";
import type { Settled } from "./options.ts";
import { Parked } from "./parked.ts";
import { Polling } from "./polling.ts";
import { Queues } from "./queues.ts";
import { byNames, ReceiptNames } from "./receipt-names.ts";
import { seen } from "./rows.ts";
import { Settings } from "./settings.ts";
import type { Store } from "./store.ts";
import { sweep } from "./sweep.ts";
import { Ticks } from "./ticks.ts";
import { sideBySide } from "./turns.ts";

/** What an engine is made of, whichever way its process gets work. */
export type Opened = {
  readonly store: Store;
  readonly settings: Settings;
  readonly claims: Pick<Claims, "claim" | "settled" | "close">;
  readonly counts: Counts;
  readonly secret: string;
  readonly lastSequence: number;
  readonly operations: readonly string[];
  /** What is sent without anyone waiting for it. */
  readonly sending: ReadonlySet<Promise<unknown>>;
};

type Parts = Pick<Store, "database" | "queues" | "retention" | "host" | "mode">;

export function storeOf(parts: Parts): {
  readonly store: Store;
  readonly sending: ReadonlySet<Promise<unknown>>;
} {
  const sending = new Set<Promise<unknown>>();
  const store = {
    ...parts,
    items: new Items(parts.database),
    ticks: new Ticks(parts.host.clock),
    notify(notices: readonly Notice[]) {
      const sent = parts.queues.send(notices);
      sending.add(sent);
      void sent.finally(() => sending.delete(sent));
    },
  };
  return { store, sending };
}

/** For a process that asks for its jobs. */
export async function openAws(options: Settled, limits: EngineLimits, host: EngineHost): Promise<Engine> {
  const { table, clients, retention } = options;
  const database = new Database(table, clients.dynamodb, host);
  const queues = new Queues(clients.sqs, options.queues, host.clock);
  const parked = new Parked(database, host.clock);
  const mode = new Polling(queues, parked);
  const { store, sending } = storeOf({ database, queues, retention, host, mode });
  const claims = new Claims(store, parked);
  const settings = new Settings(database, host, retention.auditMs);
  const [secret, last] = await Promise.all([settings.secret(), lastSequence(store)]);
  const operations = Object.keys(options.queues);
  // A process that polls holds messages back for a moment, and deletes them when it claims.
  const counts = new Counts(store, "hidden messages wait");
  return new AwsEngine(
    { store, settings, claims, counts, secret, lastSequence: last, operations, sending },
    limits,
  );
}

export class AwsEngine implements Engine {
  readonly name = "aws";
  readonly limits: EngineLimits;
  readonly secret: string;
  readonly lastSequence: number;
  readonly location: string;
  protected readonly opened: Opened;
  protected readonly names: ReceiptNames;
  protected readonly longWaits: LongWaits;
  readonly #commits: Commits;
  readonly #changes: ChangesOf;
  #isOpen = true;

  constructor(opened: Opened, limits: EngineLimits) {
    this.limits = limits;
    this.opened = opened;
    this.secret = opened.secret;
    this.lastSequence = opened.lastSequence;
    this.location = `DynamoDB table ${opened.store.database.table}`;
    this.names = new ReceiptNames(opened.store.database);
    this.longWaits = new LongWaits(opened.store);
    this.#changes = new ChangesOf(opened.store);
    this.#commits = new Commits(opened.store, opened.claims, opened.settings);
  }

  async commit(group: readonly Change[]) {
    this.#assertOpen();
    return byNames(group, this.names, (changes) => this.#commits.commit(changes));
  }

  listen(operations: readonly string[]) {
    const { store } = this.opened;
    store.queues.listen(operations, (operation) => store.host.hint?.("queue", operation));
  }

  async find(refs: readonly Ref[]) {
    const records = await this.#records(refs);
    return this.names.filledIn(refs, records, (others) => this.#records(others));
  }

  async assured(id: JobId) {
    const assured = await assure(this.store, id);
    if (assured?.notice) this.store.notify([assured.notice]);
    return assured !== undefined;
  }

  async #records(refs: readonly Ref[]): Promise<readonly (JobRecord | undefined)[]> {
    const { database, host } = this.store;
    const found = await database.get(refs.map(({ id }) => jobKey(id)));
    return refs.map((ref, place) => {
      const { row } = seen(found[place], host.clock.now());
      return row && isOwner(row.record, ref) ? row.record : undefined;
    });
  }

  async list(query: JobQuery) {
    return list(this.store, query);
  }

  async changes(principal: Principal, after: Cursor | undefined, limit: number) {
    this.#assertOpen();
    return this.#changes.after(principal, after, limit);
  }

  async deadLetters() {
    this.#assertOpen();
    return this.opened.counts.deadLetters();
  }

  async figures() {
    this.#assertOpen();
    await this.opened.claims.settled();
    return this.opened.counts.figures(this.opened.operations);
  }

  /** Those of which SQS has a message; what is parked is counted in the figures only. */
  async waiting(operation: string) {
    this.#assertOpen();
    return this.opened.counts.waiting(operation);
  }

  async read(keys: readonly ItemKey[]) {
    return this.store.items.read(keys);
  }

  async scan(table: string, after: string, limit: number) {
    return this.store.items.scan(table, after, limit);
  }

  async settings() {
    this.#assertOpen();
    return this.opened.settings.settings();
  }

  async audit(limit: number, cursor?: Cursor) {
    this.#assertOpen();
    return this.opened.settings.audit(limit, cursor);
  }

  async sweep(limit: number): Promise<Swept> {
    const [swept] = await sideBySide([sweep(this.store, limit), this.longWaits.send()]);
    return swept;
  }

  async close() {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.opened.claims.close();
    await Promise.all(this.opened.sending);
    await this.opened.store.queues.close();
  }

  protected get store(): Store {
    this.#assertOpen();
    return this.opened.store;
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw new SpillwayError("storage-unavailable", "The AWS engine is closed.");
  }
}
