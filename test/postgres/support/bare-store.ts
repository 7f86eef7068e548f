/** A schema with its tables and ways to it, without an engine: for tests that move single rows and transactions. */
import { Client } from "pg";
import { PORTABLE_SIZES } from "../../../src/core/store-defaults.ts";
import { Connections } from "../../../src/engines/postgres/connection.ts";
import { Lines, Reach } from "../../../src/engines/postgres/lines.ts";
import { migrate } from "../../../src/engines/postgres/migrate.ts";
import { type Settings, settingsOf } from "../../../src/engines/postgres/options.ts";
import { changeIn } from "../../../src/engines/postgres/order.ts";
import { SeededRandom } from "../../support/seeded-random.ts";
import { cluster, dropSchema, newSchema } from "./cluster.ts";

export type BareStore = AsyncDisposable & {
  readonly settings: Settings;
  readonly connections: Connections;
  /** A session of its own, as another node would have. */
  session(): Promise<Client>;
  /** A job that is queued, within whatever transaction the session is in. */
  insert(session: Client, id: string, principal: string): Promise<void>;
};

const LIMITS = { ...PORTABLE_SIZES, singleOwner: false, groupsInFlight: 1 };

export async function bareStore(): Promise<BareStore> {
  const on = await cluster();
  const name = newSchema();
  const settings = settingsOf(on.url, { schema: name }, LIMITS);
  const reach = new Reach(settings.address);
  await migrate(reach, settings, new SeededRandom(1));
  const connections = new Connections(new Lines(reach, 2), new Lines(reach, 2));
  const sessions: Client[] = [];
  const { schema } = settings;
  let sequence = 0;
  return {
    settings,
    connections,
    async session() {
      const client = new Client(on.url);
      await client.connect();
      sessions.push(client);
      return client;
    },
    async insert(session, id, principal) {
      sequence++;
      await session.query(
        `INSERT INTO ${schema}.jobs (id, sequence, operation, principal, max_attempts, accepted_at, input_version, details, input)
          VALUES ($1, $2, 'work', $3, 3, 0, 1, '{"origin":"http"}', 'null')`,
        [id, sequence, principal],
      );
      await session.query(
        `INSERT INTO ${schema}.live (id, operation, sequence, status, revision, attempt, updated_at, available_at,
            throttles, listed, cancel_requested, principal, change, place)
          VALUES ($1, 'work', $2::bigint, 0, 1, 0, 0, 0, 0, true, false, $3, ${changeIn(schema)}, $2::integer)`,
        [id, sequence, principal],
      );
    },
    async [Symbol.asyncDispose]() {
      for (const session of sessions) await session.end();
      await connections.close();
      await dropSchema(on, name);
    },
  };
}
