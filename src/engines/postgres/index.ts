/** The store of many nodes: one schema in a PostgreSQL database, which any number of processes share. */

import { systemClock } from "../../core/clock.ts";
import type { EngineLimits, EngineSource } from "../../core/engine.ts";
import { systemRandom } from "../../core/random.ts";
import { PORTABLE_SIZES } from "../../core/store-defaults.ts";
import { openPostgres } from "./engine.ts";
import { type EnqueueIn, Enqueuer } from "./enqueue-in.ts";
import { Reach } from "./lines.ts";
import { migrate } from "./migrate.ts";
import { type PostgresOptions, settingsOf } from "./options.ts";

export type { EnqueueIn, EnqueueOptions, SqlClient } from "./enqueue-in.ts";
export type { PostgresOptions } from "./options.ts";

/** One is flushed while the next is worked out. */
const GROUPS_IN_FLIGHT = 2;
const LIMITS: EngineLimits = {
  ...PORTABLE_SIZES,
  singleOwner: false,
  groupsInFlight: GROUPS_IN_FLIGHT,
  gathers: true,
};

export type PostgresStore = EngineSource & {
  /**
   * Queues a call in a transaction that you have open already, in the same database: it is there when that commits.
   * @example `await store.enqueueIn(client, sendMail, { to }, { key: orderId })`
   */
  readonly enqueueIn: EnqueueIn;
};

/** @param url `postgres://user:password@host:port/database`, as libpq and `pg` understand it. */
export function postgres(url: string, options: PostgresOptions = {}): PostgresStore {
  const settings = settingsOf(url, options, LIMITS);
  const { schema, schemaName, limits } = settings;
  const { enqueueIn } = new Enqueuer(schema, schemaName, systemClock(), systemRandom());
  return {
    name: "postgres",
    limits,
    enqueueIn,
    open: (host) => openPostgres(settings, host),
    migrate: async () => [
      await migrate(new Reach(settings.address), { ...settings, migrate: true }, systemRandom()),
    ],
  };
}
