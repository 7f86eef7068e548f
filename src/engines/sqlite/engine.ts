/** The engine: writes through its owner thread, reads on a connection of its own, and never behind the writer. */
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
  Swept,
} from "../../core/engine.ts";
import { SpillwayError } from "../../core/errors.ts";
import type { Principal } from "../../core/job.ts";
import type { ItemKey } from "../../core/table.ts";
import { unpackAnswers } from "./answers.ts";
import { packGroup } from "./changes.ts";
import { openReader } from "./connection.ts";
import { type Folder, prepareFolder } from "./folder.ts";
import { Guard } from "./guard.ts";
import { KeyIndex } from "./key-index.ts";
import { type Lock, takeLock } from "./lock.ts";
import type { Reply } from "./messages.ts";
import { OwnerThread } from "./owner-thread.ts";
import { Queries } from "./queries.ts";

export type SqliteSettings = {
  readonly folder: string;
  readonly limits: EngineLimits;
  readonly retention: Retention;
  readonly checkpointPages: number;
  readonly migrations?: readonly string[];
  readonly maxPages?: number;
};

/** Lost leases are taken back so many at a time, each batch a transaction. */
const RESCUE_BATCH = 1_000;

export async function openSqlite(settings: SqliteSettings, host: EngineHost): Promise<Engine> {
  const folder = prepareFolder(settings.folder);
  const lock = takeLock(folder);
  let thread: OwnerThread | undefined;
  try {
    const { retention, checkpointPages, maxPages, migrations = [] } = settings;
    const secret = host.random.hex(32);
    const data = { file: folder.database, retention, secret, checkpointPages, maxPages, migrations };
    const started = await OwnerThread.start(data, host.onFatal);
    thread = started.thread;
    const engine = new SqliteEngine(settings, host, folder, lock, started);
    await engine.rescueLost();
    return engine;
  } catch (error) {
    await thread?.close();
    lock.release();
    throw error;
  }
}

class SqliteEngine implements Engine {
  readonly name = "sqlite";
  readonly limits: EngineLimits;
  readonly secret: string;
  readonly lastSequence: number;
  readonly location: string;
  readonly folder: string;
  readonly #host: EngineHost;
  readonly #retention: Retention;
  readonly #thread: OwnerThread;
  readonly #lock: Lock;
  readonly #reader: Queries;
  readonly #file: string;
  /** Opened by the first statement. */
  #guard: Guard | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    { limits, retention }: SqliteSettings,
    host: EngineHost,
    folder: Folder,
    lock: Lock,
    { thread, opened }: Awaited<ReturnType<typeof OwnerThread.start>>,
  ) {
    this.limits = limits;
    this.secret = opened.secret;
    this.lastSequence = opened.lastSequence;
    this.location = folder.path;
    this.folder = folder.path;
    this.#file = folder.database;
    this.#host = host;
    this.#retention = retention;
    this.#thread = thread;
    this.#lock = lock;
    this.#reader = new Queries(openReader(folder.database), new KeyIndex(opened.keys));
  }

  async commit(changes: readonly Change[]): Promise<readonly Answer[]> {
    if (changes.length === 0) return [];
    const now = this.#host.clock.now();
    const reply = await this.#thread.ask({ kind: "commit", now, group: packGroup(changes) });
    const { answers } = expected(reply, "answers");
    return unpackAnswers(answers, { changes, now, retention: this.#retention });
  }

  checkStatement(text: string): void {
    if (this.#closing !== undefined) throw closed();
    this.#guard ??= new Guard(openReader(this.#file));
    this.#guard.check(text);
  }

  async find(refs: readonly Ref[]) {
    return this.#queries.find(refs);
  }

  async list(query: JobQuery) {
    return this.#queries.list(query);
  }

  async changes(principal: Principal, after: Cursor | undefined, limit: number) {
    return this.#inSteps(this.#queries.changes(principal, after, limit));
  }

  async deadLetters() {
    return this.#queries.deadLetters();
  }

  async figures() {
    return this.#queries.figures(this.#host.clock.now());
  }

  async read(keys: readonly ItemKey[]) {
    return this.#queries.read(keys);
  }

  async scan(table: string, after: string, limit: number) {
    return this.#queries.scan(table, after, limit);
  }

  async settings() {
    return this.#queries.settings();
  }

  async audit(limit: number, cursor?: Cursor) {
    return this.#queries.audit(limit, cursor);
  }

  async sweep(limit: number): Promise<Swept> {
    const now = this.#host.clock.now();
    const reply = await this.#sweep(now, now, limit);
    if (reply.kind === "unavailable") throw new SpillwayError("storage-unavailable", reply.message);
    return reply.swept;
  }

  /**
   * Whatever runs when the only owner opens was lost with the process before, whatever its lease says. On a full
   * disk they stay, to be swept when their leases end, so that what is there can be read and served.
   */
  async rescueLost(): Promise<void> {
    const now = this.#host.clock.now();
    for (;;) {
      const reply = await this.#sweep(now, Number.MAX_SAFE_INTEGER, RESCUE_BATCH);
      if (reply.kind === "unavailable" || reply.lost < RESCUE_BATCH) return;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The reader first: the log goes with the last connection, and only one that may write can remove it. */
  async #close(): Promise<void> {
    this.#reader.close();
    this.#guard?.close();
    await this.#thread.close();
    this.#lock.release();
  }

  get #queries(): Queries {
    if (!this.#closing) return this.#reader;
    throw closed();
  }

  /** What is read in steps may be overtaken by a close. */
  async #inSteps<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (!this.#closing) throw error;
      throw closed();
    }
  }

  async #sweep(now: number, leasesUntil: number, limit: number) {
    const fractions = Array.from({ length: limit }, () => this.#host.random.fraction());
    const reply = await this.#thread.ask({ kind: "sweep", now, leasesUntil, fractions });
    return reply.kind === "unavailable" ? reply : expected(reply, "swept");
  }
}

function closed(): SpillwayError {
  return new SpillwayError("storage-unavailable", "The SQLite engine is closed.");
}

function expected<K extends Reply["kind"]>(reply: Reply, kind: K): Extract<Reply, { kind: K }> {
  if (reply.kind === kind) return reply as Extract<Reply, { kind: K }>;
  throw new Error(`The thread that owns the database answered "${reply.kind}" instead of "${kind}".`);
}
