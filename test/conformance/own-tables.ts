/** Tables of an app's own beside an engine's: the same on every engine that runs statements. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Client } from "pg";

export type OwnTables = {
  /** As statements name it. */
  readonly name: (table: string) => string;
  /** Read beside the engine, as another program would. */
  readonly rows: (text: string) => Promise<readonly object[]>;
};

export type Name = OwnTables["name"];

export const made = (name: Name): readonly string[] => [
  `CREATE TABLE ${name("seats")} (id TEXT PRIMARY KEY, n INTEGER NOT NULL CHECK (n >= 0), name TEXT)`,
  `CREATE TABLE ${name("guests")} (id TEXT PRIMARY KEY,
    seat TEXT REFERENCES ${name("seats")} (id) DEFERRABLE INITIALLY DEFERRED)`,
];

export function tablesIn(folder: string): OwnTables {
  return {
    name: (table) => table,
    rows: async (text) => {
      const database = new DatabaseSync(join(folder, "spillway.db"), { readOnly: true });
      const rows = database.prepare(text).all();
      database.close();
      return rows.map((row) => ({ ...row }));
    },
  };
}

/** In the store's own schema, so that they go with it. */
export async function tablesOn(url: string, schema: string): Promise<OwnTables> {
  const name: Name = (table) => `"${schema}".${table}`;
  const asked = async (text: string) => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return await client.query(text);
    } finally {
      await client.end();
    }
  };
  await asked(`CREATE SCHEMA "${schema}"; ${made(name).join("; ")}`);
  return { name, rows: async (text) => (await asked(text)).rows };
}
