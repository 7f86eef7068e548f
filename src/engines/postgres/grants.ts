/**
 * Limits that nodes share, and the nodes. What a limit's nodes hold is read, divided by core's function, and written
 * where no other node has asked of that limit in between; else it is done again. So no lock is held while a node
 * thinks, and one that stops in the middle stops nobody. Times are the database's.
 */
import { SpillwayError } from "../../core/errors.ts";
import type { LimitAsk, LimitGrant, NodeRecord, ShareAnswer, ShareRequest } from "../../core/share.ts";
import { type Asked, askOf, type HeldLimit, type SharedLimit } from "../../core/shared-limit.ts";
import type { Connections } from "./connection.ts";
import { statement } from "./fragments.ts";
import type { Settings } from "./options.ts";
import { monotonic, pause } from "./pauses.ts";

/** A node that is lost is shown for so long. */
const SHOWN_MS = 600_000;
/** Between two looks for what nobody needs any more. */
const TIDY_MS = 60_000;
/** Other nodes ask too; each time one of them comes through. */
const MOST_TRIES = 50;

type Read = {
  readonly now: number;
  readonly limits: readonly {
    /** Of a limit that nobody has asked of yet there is none. */
    readonly version: number | null;
    readonly tokens: number | null;
    readonly at: number | null;
    readonly set: number | null;
    readonly held: readonly string[];
  }[];
};

type Limit = SharedLimit & { readonly version: number };
type Look = { readonly now: number; readonly limits: readonly Limit[] };

export class Grants {
  readonly #connections: Connections;
  readonly #statements: ReturnType<typeof statements>;
  readonly #now: () => number | null;
  readonly #tell: (nodes: readonly string[]) => void;
  #tidiedAt = Number.NEGATIVE_INFINITY;

  /** @param tell hints these nodes that they should look at their limits. */
  constructor(connections: Connections, settings: Settings, tell: (nodes: readonly string[]) => void) {
    this.#connections = connections;
    this.#statements = statements(settings.schema);
    this.#now = () => settings.now?.() ?? null;
    this.#tell = tell;
  }

  async share(request: ShareRequest): Promise<ShareAnswer> {
    if (request.leaves) return this.#leave(request);
    for (let tries = 1; tries <= MOST_TRIES; tries++) {
      const done = await this.#shared(request);
      if (done) {
        void this.#tidy().catch(() => {});
        return done;
      }
      // So that those who meet here do not meet again.
      await pause(tries % 4);
    }
    throw new SpillwayError(
      "storage-unavailable",
      `Other nodes asked of the same limits each of ${MOST_TRIES} times. It is asked again.`,
    );
  }

  async nodes(): Promise<readonly NodeRecord[]> {
    const rows = await this.#connections.read<NodeRow>(this.#statements.nodes, [this.#now(), SHOWN_MS]);
    return rows.map(([id, host, role, startedAt, seenAt, lost, report]) => ({
      ...{ id, host, role, startedAt, seenAt, lost, report },
    }));
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  /** Undefined: another node asked of the same limits meanwhile. */
  async #shared(request: ShareRequest): Promise<ShareAnswer | undefined> {
    const { node, number, forMs, limits, report } = request;
    const look = limits.length > 0 ? await this.#look(request) : undefined;
    const asked = limits.map((ask, place) => {
      const limit = look?.limits[place] as Limit;
      return askOf(limit, ask, request, look?.now ?? 0);
    });
    const rows = limits.map((limit, place) =>
      rowOf(limit, look?.limits[place] as Limit, asked[place] as Asked),
    );
    const [[isKept = false, isNewest = false] = []] = await this.#connections.read<[boolean, boolean]>(
      this.#statements.keep,
      [
        this.#now(),
        node.id,
        number,
        node.host,
        node.role,
        node.startedAt,
        forMs,
        report,
        JSON.stringify(rows),
      ],
    );
    if (!isNewest) return { limits: [], passed: true };
    if (!isKept) return undefined;
    const tell = new Set(asked.flatMap((one) => one.tell));
    if (tell.size > 0) this.#tell([...tell]);
    return { limits: asked.map(({ grant }): LimitGrant => grant) };
  }

  /** Positional. A limit that nobody has asked of before is made first. */
  async #look({ limits, unheardMs = 0 }: ShareRequest): Promise<Look> {
    const names = JSON.stringify(limits.map(({ scope, name }) => ({ scope, name })));
    const look = await this.#read(names, unheardMs);
    if (look) return look;
    await this.#connections.read(this.#statements.make, [names]);
    return (await this.#read(names, unheardMs)) as Look;
  }

  async #read(names: string, unheardMs: number): Promise<Look | undefined> {
    const [[text = "{}"] = []] = await this.#connections.read<[string]>(this.#statements.look, [
      this.#now(),
      names,
      unheardMs,
    ]);
    const { now, limits } = JSON.parse(text) as Read;
    const known = limits.flatMap(({ version, tokens, at, set, held }): Limit[] => {
      if (version === null) return [];
      const bucket = tokens === null || at === null ? undefined : { tokens, at };
      return [{ version, set, bucket, held: held.map((one) => JSON.parse(one) as HeldLimit) }];
    });
    return known.length === limits.length ? { now, limits: known } : undefined;
  }

  async #leave({ node: { id }, number }: ShareRequest): Promise<ShareAnswer> {
    const rows = await this.#connections.read<[string]>(this.#statements.leave, [id, number]);
    if (rows.length > 0) this.#tell(rows.map(([node]) => node));
    return { limits: [] };
  }

  async #tidy(): Promise<void> {
    if (monotonic() - this.#tidiedAt < TIDY_MS) return;
    this.#tidiedAt = monotonic();
    await this.#connections.read(this.#statements.tidy, [this.#now(), SHOWN_MS]);
  }
}

type NodeRow = readonly [
  id: string,
  host: string,
  role: string,
  startedAt: number,
  seenAt: number,
  lost: boolean,
  report: string,
];

function rowOf({ scope, name }: LimitAsk, { version }: Limit, { held, bucket }: Asked) {
  return {
    ...{ scope, name, version },
    tokens: bucket?.tokens ?? null,
    at: bucket?.at ?? null,
    until: held?.until ?? null,
    held: held ? JSON.stringify(held) : null,
  };
}

const NOW = "coalesce($1::float8, floor(extract(epoch from clock_timestamp()) * 1000))";

function statements(schema: string) {
  return {
    look: statement(
      "spillway_grants_look",
      `WITH clock AS MATERIALIZED (SELECT ${NOW} AS now)
        SELECT json_build_object('now', clock.now, 'limits', (
          SELECT json_agg(json_build_object('version', b.version, 'tokens', b.tokens, 'at', b.at,
              'set', s.concurrency, 'held', coalesce((SELECT json_agg(g.held) FROM ${schema}.grants g
                WHERE g.scope = a.scope AND g.name = a.name AND g.until > clock.now - $3::float8), '[]'::json))
            ORDER BY a.place)
          FROM ROWS FROM (json_to_recordset($2::json) AS (scope text, name text))
            WITH ORDINALITY AS a(scope, name, place)
          LEFT JOIN ${schema}.buckets b ON b.scope = a.scope AND b.name = a.name
          LEFT JOIN ${schema}.settings s ON s.scope = a.scope AND s.name = a.name))::text
        FROM clock`,
    ),
    make: {
      text: `INSERT INTO ${schema}.buckets (scope, name)
        SELECT scope, name FROM json_to_recordset($1::json) AS a(scope text, name text)
        ORDER BY scope, name ON CONFLICT DO NOTHING`,
    },
    keep: statement(
      "spillway_grants_keep",
      `WITH clock AS MATERIALIZED (SELECT ${NOW} AS now),
        asked AS MATERIALIZED (SELECT * FROM json_to_recordset($9::json) AS a(
          scope text, name text, version bigint, tokens float8, at float8, until float8, held text)),
        node AS (INSERT INTO ${schema}.nodes AS n (id, number, host, role, started_at, seen_at, lease_until, report)
          SELECT $2::text, $3::bigint, $4::text, $5::text, $6::float8, now, now + $7::float8, $8::text FROM clock
          ON CONFLICT (id) DO UPDATE SET number = excluded.number, seen_at = excluded.seen_at,
            lease_until = excluded.lease_until, report = excluded.report
          WHERE n.number <= excluded.number RETURNING n.id),
        locked AS MATERIALIZED (SELECT b.scope, b.name FROM ${schema}.buckets b
          JOIN asked a ON a.scope = b.scope AND a.name = b.name WHERE b.version = a.version
          ORDER BY b.scope, b.name FOR UPDATE OF b),
        verdict AS MATERIALIZED (SELECT EXISTS (SELECT FROM node) AS newest,
          EXISTS (SELECT FROM node)
            AND (SELECT count(*) FROM locked) = (SELECT count(*) FROM asked) AS kept),
        counted AS (UPDATE ${schema}.buckets b SET version = b.version + 1,
            tokens = coalesce(a.tokens, b.tokens), at = coalesce(a.at, b.at)
          FROM asked a, verdict v WHERE v.kept AND b.scope = a.scope AND b.name = a.name),
        gone AS (DELETE FROM ${schema}.grants g USING asked a, verdict v
          WHERE v.kept AND a.held IS NULL AND g.scope = a.scope AND g.name = a.name AND g.node = $2::text),
        held AS (INSERT INTO ${schema}.grants (scope, name, node, until, held)
          SELECT a.scope, a.name, $2::text, a.until, a.held FROM asked a, verdict v
          WHERE v.kept AND a.held IS NOT NULL
          ON CONFLICT (scope, name, node) DO UPDATE SET until = excluded.until, held = excluded.held)
        SELECT kept, newest FROM verdict`,
    ),
    // Its row stays until somebody tidies up, and is not shown: a request of its own that is late is passed over by it.
    leave: {
      text: `WITH node AS (UPDATE ${schema}.nodes SET number = $2, lease_until = '-infinity' WHERE id = $1),
        gone AS (DELETE FROM ${schema}.grants WHERE node = $1 RETURNING scope, name)
        SELECT DISTINCT g.node FROM ${schema}.grants g JOIN gone ON gone.scope = g.scope AND gone.name = g.name
        WHERE g.node <> $1`,
    },
    nodes: {
      text: `WITH clock AS MATERIALIZED (SELECT ${NOW} AS now)
        SELECT id, host, role, started_at, seen_at, lease_until <= now, report FROM ${schema}.nodes, clock
        WHERE now - lease_until < $2::float8 ORDER BY id`,
    },
    tidy: {
      text: `WITH clock AS MATERIALIZED (SELECT ${NOW} AS now),
        grants AS (DELETE FROM ${schema}.grants g USING clock WHERE now - g.until > $2::float8)
        DELETE FROM ${schema}.nodes n USING clock WHERE now - n.lease_until > $2::float8`,
    },
  };
}
