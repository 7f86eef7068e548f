/**
 * The tables, and how a schema gets from any earlier version to this one: a list of SQL texts, of which the first so
 * many were applied as the row in `store` says. docs/adr/0012 says what each table is for.
 */

/**
 * `live` is small and turns over: each job leaves two dead rows in it. So vacuum comes to it by count, not by share,
 * does not pause, and leaves the file its size, since cutting it would lock everybody out.
 */
const TURNS_OVER = `autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0, vacuum_truncate = false`;

/** Text that is compared or ordered is in the order of its bytes, whatever the database's own is. */
const VERSION_1 = (schema: string) => `
  CREATE TABLE ${schema}.store (
    version integer NOT NULL,
    secret text NOT NULL,
    system_id text NOT NULL DEFAULT '',
    xid_offset bigint NOT NULL DEFAULT 0
  );

  CREATE TABLE ${schema}.jobs (
    id text COLLATE "C" PRIMARY KEY,
    sequence bigint NOT NULL,
    operation text COLLATE "C" NOT NULL,
    principal text COLLATE "C" NOT NULL,
    max_attempts integer NOT NULL,
    accepted_at double precision NOT NULL,
    fingerprint text COLLATE "C",
    input_version integer NOT NULL,
    details text NOT NULL,
    input text NOT NULL
  );
  CREATE INDEX jobs_sequence ON ${schema}.jobs (sequence);
  CREATE INDEX jobs_owned ON ${schema}.jobs (principal, sequence) WHERE principal <> '';

  CREATE TABLE ${schema}.live (
    id text COLLATE "C" PRIMARY KEY,
    operation text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    status smallint NOT NULL,
    revision integer NOT NULL,
    attempt integer NOT NULL,
    updated_at double precision NOT NULL,
    available_at double precision NOT NULL,
    throttles integer NOT NULL,
    listed boolean NOT NULL,
    cancel_requested boolean NOT NULL,
    token text COLLATE "C",
    lease_until double precision,
    error text,
    attempts text NOT NULL DEFAULT '',
    effects text NOT NULL DEFAULT '',
    principal text COLLATE "C",
    change bigint NOT NULL,
    place integer NOT NULL
  ) WITH (${TURNS_OVER}, autovacuum_vacuum_threshold = 10000, autovacuum_analyze_threshold = 100000);
  CREATE INDEX live_ready ON ${schema}.live (operation, available_at, sequence) WHERE status = 0;
  CREATE INDEX live_running ON ${schema}.live (token, lease_until) WHERE status = 1;
  CREATE INDEX live_changed ON ${schema}.live (principal, change, place) WHERE principal IS NOT NULL;
  CREATE INDEX live_cancelling ON ${schema}.live (id) WHERE cancel_requested;

  CREATE TABLE ${schema}.outcomes (
    id text COLLATE "C" PRIMARY KEY,
    operation text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    status smallint NOT NULL,
    revision integer NOT NULL,
    attempt integer NOT NULL,
    updated_at double precision NOT NULL,
    available_at double precision NOT NULL,
    throttles integer NOT NULL,
    listed boolean NOT NULL,
    token text COLLATE "C",
    expires_at double precision NOT NULL,
    error_code text COLLATE "C",
    error text,
    output text,
    attempts text NOT NULL DEFAULT '',
    effects text NOT NULL DEFAULT '',
    principal text COLLATE "C",
    change bigint NOT NULL,
    place integer NOT NULL
  );
  CREATE INDEX outcomes_expiring ON ${schema}.outcomes (expires_at);
  CREATE INDEX outcomes_changed ON ${schema}.outcomes (principal, change, place) WHERE principal IS NOT NULL;
  CREATE INDEX outcomes_failed ON ${schema}.outcomes (operation, error_code, updated_at) WHERE status = 3 AND listed;
  CREATE INDEX outcomes_dead ON ${schema}.outcomes (sequence) WHERE status = 3 AND listed;
  CREATE INDEX outcomes_dead_group ON ${schema}.outcomes (operation, error_code, sequence)
    WHERE status = 3 AND listed;
  CREATE INDEX outcomes_cancelled ON ${schema}.outcomes (sequence) WHERE status = 4 AND listed;

  CREATE SEQUENCE ${schema}.versions;
  CREATE TABLE ${schema}.items (
    "table" text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    value text,
    PRIMARY KEY ("table", key)
  ) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02);

  CREATE TABLE ${schema}.counts (
    operation text COLLATE "C" NOT NULL,
    status smallint NOT NULL,
    error_code text COLLATE "C" NOT NULL,
    part smallint NOT NULL,
    jobs bigint NOT NULL,
    PRIMARY KEY (operation, status, error_code, part)
  ) WITH (fillfactor = 20, ${TURNS_OVER}, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_threshold = 10000);

  CREATE TABLE ${schema}.marks (
    mark text COLLATE "C" PRIMARY KEY,
    committed boolean NOT NULL,
    at double precision NOT NULL
  ) WITH (${TURNS_OVER}, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_threshold = 10000);

  CREATE TABLE ${schema}.settings (
    scope text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    paused boolean NOT NULL,
    concurrency integer,
    PRIMARY KEY (scope, name)
  );

  CREATE TABLE ${schema}.audit (
    entry bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at double precision NOT NULL,
    "by" text NOT NULL,
    action text NOT NULL,
    target text NOT NULL,
    detail text NOT NULL
  );

  CREATE TABLE ${schema}.buckets (
    scope text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    version bigint NOT NULL DEFAULT 0,
    tokens double precision,
    at double precision,
    PRIMARY KEY (scope, name)
  ) WITH (fillfactor = 20, ${TURNS_OVER}, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_threshold = 10000);
  CREATE TABLE ${schema}.grants (
    scope text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    node text COLLATE "C" NOT NULL,
    until double precision NOT NULL,
    held text NOT NULL,
    PRIMARY KEY (scope, name, node)
  ) WITH (fillfactor = 20, ${TURNS_OVER}, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_threshold = 10000);
  CREATE TABLE ${schema}.nodes (
    id text COLLATE "C" PRIMARY KEY,
    number bigint NOT NULL,
    host text NOT NULL,
    role text NOT NULL,
    started_at double precision NOT NULL,
    seen_at double precision NOT NULL,
    lease_until double precision NOT NULL,
    report text NOT NULL
  ) WITH (fillfactor = 20, ${TURNS_OVER}, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_threshold = 10000);
`;

/**
 * What is kept for a while and pruned: vacuum comes when a twentieth is dead, and at five times its usual pace, or a
 * store that is busy has several times the size of what it keeps.
 */
const VERSION_2 = (schema: string) =>
  ["jobs", "outcomes"]
    .map(
      (table) =>
        `ALTER TABLE ${schema}.${table} SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 1000)`,
    )
    .join(";");

export const MIGRATIONS: readonly ((schema: string) => string)[] = [VERSION_1, VERSION_2];
