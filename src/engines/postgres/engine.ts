/** The engine: hands each method of the port to the file that does it. */

import { systemClock } from "../../core/clock.ts";
import type { Change, Cursor, Engine, EngineHost, EngineLimits, JobQuery, Ref } from "../../core/engine.ts";
import type { Principal } from "../../core/job.ts";
import { limitsOf } from "../../core/notifier.ts";
import type { ShareRequest } from "../../core/share.ts";
import type { ItemKey } from "../../core/table.ts";
import { ChangeStream } from "./changes.ts";
import { channelOf, telling } from "./channel.ts";
import { type CommitSettings, Commits, type Foretelling } from "./commit.ts";
import { Connections } from "./connection.ts";
import { Fates } from "./fate.ts";
import { Grants } from "./grants.ts";
import { type GroupStatements, groupStatements } from "./group.ts";
import { type Ending, Interactive } from "./interactive.ts";
import { applyIn } from "./interactive-ending.ts";
import { Lines, Reach } from "./lines.ts";
import { DEAF, Listener } from "./listener.ts";
import { Lists } from "./lists.ts";
import { migrate, type Opened, openedStore } from "./migrate.ts";
import { Notices } from "./notices.ts";
import { checkOneStatement } from "./one-statement.ts";
import { locationOf, type Settings } from "./options.ts";
import { alignOrder } from "./order.ts";
import { Queries } from "./queries.ts";
import { checkRights } from "./rights.ts";
import { Skew } from "./skew.ts";
import { Sweeps } from "./sweep.ts";
import { Vacuum } from "./vacuum.ts";

/** For what is done now and then: sweeps, and other transactions that are no groups. */
const OTHERS = 4;
const READERS = 2;
/** One more than groups are under way: for what the fast way left over, and for asking what became of a commit. */
const WRITERS = 4;
const PARTS = 16;
/**
 * Somebody waits for what is read. A page of a list looks at 2,000 rows, which takes a cold disk a second or two, and
 * is in the server's memory when it is asked again.
 */
const READ_SILENCE_MS = 5_000;
const LOOK_AGAIN_MS = 1_000;

const ANSWERS_EARLY =
  "synchronous_commit is off here: what was answered in the last moments before a crash of the server is lost with it. ALTER ROLE or ALTER DATABASE … SET synchronous_commit = on.";

type Parts = {
  /** Of operations with `sql: true`. */
  readonly interactions: Lines;
  readonly ending: Ending;
  readonly opened: Opened;
  readonly settings: Settings;
  readonly connections: Connections;
  readonly commits: Commits;
  readonly writers: Lines;
  readonly notices: Notices;
  readonly listener: Listener;
  readonly hears: boolean;
  readonly skew: Skew;
  readonly queries: Queries;
  readonly lists: Lists;
  readonly stream: ChangeStream;
  readonly sweeps: Sweeps;
  readonly vacuum: Vacuum;
  readonly grants: Grants;
};

export async function openPostgres(settings: Settings, host: EngineHost): Promise<Engine> {
  const { schema, schemaName, address, retention, now } = settings;
  const reach = new Reach(address);
  await migrate(reach, settings, host.random);
  const writers = new Lines(reach, WRITERS);
  const others = new Lines(reach, OTHERS);
  const connections = new Connections(new Lines(reach, READERS, READ_SILENCE_MS), others);
  const interactions = new Lines(reach, settings.pool);
  // Calls at once wait for what is asked there, and must not stand behind a list.
  const asking = new Lines(reach, 1, READ_SILENCE_MS);
  const orShut = <T>(begun: Promise<T>) => orClosed(begun, [connections, writers]);
  await orShut(checkRights(connections, settings, host.readsOnly === true));
  await orShut(alignOrder(connections, schema));
  const opened = await orShut(openedStore(connections, settings));
  const node = host.random.hex(8);
  const notices = new Notices(node, host.hint);
  const skew = new Skew(connections, host.clock);
  // Whoever sets the store's time by a clock of its own has it there already.
  if (!now) await orShut(skew.start());
  // Connections and what others do take real time, also where a test turns the hands of the clock.
  const clock = systemClock();
  const onReturn = () => alignOrder(connections, schema);
  const heard = { connections, notices, clock, onReturn, naming: reach.naming };
  const listener = new Listener({ address: settings.listen, schemaName, node, ...heard });
  const hears = await orShut(
    listener.start().catch((error) => {
      skew.close();
      throw error;
    }),
  );
  const part = Math.floor(host.random.fraction() * PARTS);
  const statements = groupStatements(schema);
  const writing = { retention, part, ...(now && { now }) };
  const fates = new Fates(writers, schema, node);
  const commits = new Commits(
    writers,
    statements,
    fates,
    foretelling(notices, channelOf(schemaName)),
    writing,
  );
  const ending = endingOf(statements, writing, fates, commits, notices);
  return new PostgresEngine({
    interactions,
    ending,
    opened,
    settings,
    connections,
    commits,
    writers,
    notices,
    listener,
    hears,
    skew,
    queries: new Queries(connections, schema, () => now?.() ?? null),
    lists: new Lists(connections, schema),
    stream: new ChangeStream(connections, schema),
    grants: new Grants(new Connections(asking, asking), settings, (nodes) =>
      notices.control(nodes.map(limitsOf)),
    ),
    sweeps: new Sweeps(connections, schema, statements, { ...writing, random: host.random }),
    vacuum: new Vacuum(others, schema),
  });
}

function endingOf(
  statements: GroupStatements,
  { now, ...terms }: CommitSettings,
  fates: Fates,
  commits: Commits,
  notices: Notices,
): Ending {
  return {
    apply: (transaction, settlement) =>
      applyIn(transaction, settlement, statements, { ...terms, now: now ? now() : null }),
    mark: (transaction) => fates.mark(transaction),
    wasCommitted: (mark) => commits.wasCommitted(mark),
    committed: (settlement, answer, mark) => {
      fates.committed(mark);
      notices.committed([{ kind: "settle", settlement }], [answer]);
    },
  };
}

function foretelling(notices: Notices, channel: string): Foretelling {
  return {
    foretell: (changes, committing) =>
      notices.foretell(changes, (payloads) => committing.follow(...telling(channel, payloads))),
    takeBack: (changes) => notices.takeBack(changes),
  };
}

/** What cannot be begun leaves no connection open: whoever tries again opens his own. */
async function orClosed<T>(begun: Promise<T>, opened: readonly { close(): Promise<void> }[]): Promise<T> {
  try {
    return await begun;
  } catch (error) {
    await Promise.all(opened.map((one) => one.close()));
    throw error;
  }
}

class PostgresEngine implements Engine {
  readonly name = "postgres";
  readonly lookAgainMs = LOOK_AGAIN_MS;
  readonly limits: EngineLimits;
  readonly secret: string;
  readonly lastSequence: number;
  readonly location: string;
  readonly notes: readonly string[];
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.limits = parts.settings.limits;
    this.secret = parts.opened.secret;
    this.lastSequence = parts.opened.lastSequence;
    this.location = locationOf(parts.settings);
    this.notes = [...(parts.hears ? [] : [DEAF]), ...(parts.opened.waitsForLog ? [] : [ANSWERS_EARLY])];
  }

  skewMs() {
    return this.#parts.skew.ms;
  }

  async commit(changes: readonly Change[]) {
    const answers = await this.#parts.commits.commit(changes);
    this.#parts.notices.committed(changes, answers);
    return answers;
  }

  share(request: ShareRequest) {
    return this.#parts.grants.share(request);
  }

  nodes() {
    return this.#parts.grants.nodes();
  }

  checkStatement(text: string) {
    checkOneStatement("write.sql()", text);
  }

  begin(forMs: number) {
    return new Interactive(this.#parts.interactions, this.#parts.ending, forMs);
  }

  find(refs: readonly Ref[]) {
    return this.#parts.queries.find(refs);
  }

  list(query: JobQuery) {
    return this.#parts.lists.page(query);
  }

  changes(principal: Principal, after: Cursor | undefined, limit: number) {
    return this.#parts.stream.after(principal, after, limit);
  }

  deadLetters() {
    return this.#parts.queries.deadLetters();
  }

  figures() {
    return this.#parts.queries.figures();
  }

  cancelling() {
    return this.#parts.queries.cancelling();
  }

  read(keys: readonly ItemKey[]) {
    return this.#parts.queries.read(keys);
  }

  scan(table: string, after: string, limit: number) {
    return this.#parts.queries.scan(table, after, limit);
  }

  settings() {
    return this.#parts.queries.settings();
  }

  audit(limit: number, cursor?: Cursor) {
    return this.#parts.queries.audit(limit, cursor);
  }

  async sweep(limit: number) {
    const swept = await this.#parts.sweeps.sweep(limit);
    this.#parts.notices.changed(swept.rescued);
    this.#parts.vacuum.consider();
    return swept;
  }

  async close() {
    const { skew, listener, commits, connections, writers, interactions, grants } = this.#parts;
    skew.close();
    await listener.close();
    commits.close();
    await Promise.all([connections.close(), writers.close(), interactions.close(), grants.close()]);
  }
}
