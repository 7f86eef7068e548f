/** The store of many nodes: one schema in a PostgreSQL database, which any number of processes share. */
import type { EngineSource } from "../../core/engine.ts";
import { systemRandom } from "../../core/random.ts";
import { PORTABLE_SIZES } from "../../core/store-defaults.ts";
import { openPostgres } from "./engine.ts";
import { Reach } from "./lines.ts";
import { migrate } from "./migrate.ts";
import { type PostgresOptions, settingsOf } from "./options.ts";

export type { PostgresOptions } from "./options.ts";

/** One is flushed while the next is worked out. */
const GROUPS_IN_FLIGHT = 2;
const LIMITS = { ...PORTABLE_SIZES, singleOwner: false, groupsInFlight: GROUPS_IN_FLIGHT };

/** @param url `postgres://user:password@host:port/database`, as libpq and `pg` understand it. */
export function postgres(url: string, options: PostgresOptions = {}): EngineSource {
  const settings = settingsOf(url, options, LIMITS);
  return {
    name: "postgres",
    limits: LIMITS,
    open: (host) => openPostgres(settings, host),
    migrate: async () => [
      await migrate(new Reach(settings.address), { ...settings, migrate: true }, systemRandom()),
    ],
  };
}
