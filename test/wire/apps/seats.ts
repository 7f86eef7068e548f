/** An app with tables of its own: seats, which are taken by statements that are committed with a call's outcome. */
import { operation, spillway } from "spillway";
import { serve } from "spillway/node";
import { sqlite } from "spillway/sqlite";
import * as z from "zod";

const { SPILLWAY_DATA = "", SPILLWAY_TEST_URL: url, SPILLWAY_TEST_SCHEMA: schema } = process.env;
const seats = schema ? `"${schema}".seats` : "seats";
const made = `CREATE TABLE IF NOT EXISTS ${seats} (id TEXT PRIMARY KEY, guest TEXT NOT NULL)`;

if (url && schema) {
  // Where the suite runs on PostgreSQL, whose tables are made by whatever its users have for that.
  const { Client } = await import("pg");
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE SCHEMA IF NOT EXISTS "${schema}"; ${made}`);
  await client.end();
}

const Taking = z.object({ seat: z.string(), guest: z.string().nullable() });
const taken = { type: "urn:seats:taken", title: "The seat is taken", status: 409, code: "seat-taken" };
const insert = `INSERT INTO ${seats} (id, guest) VALUES ($1, $2)`;
const limits = { concurrency: 20 };
const retry = { maxAttempts: 2, base: "50ms", cap: "50ms" } as const;

const taking = (["request", "event", "spill"] as const).map((flow) =>
  operation({ name: `take-${flow}`, input: Taking, flow, limits, retry }, ({ seat, guest }, { write }) => {
    write.sql(insert, [seat, guest], { problem: taken });
    return { seat };
  }),
);

/** Without a problem of its own. */
const putting = operation({ name: "put-event", input: Taking, flow: "event", limits }, (input, { write }) => {
  write.sql(insert, [input.seat, input.guest]);
});

/** Whether so many seats have that guest. */
const counting = operation(
  { name: "count", input: z.object({ guest: z.string(), seats: z.int() }), flow: "request" },
  (input, { write }) => {
    write.sql(`SELECT id FROM ${seats} WHERE guest = $1`, [input.guest], { expect: input.seats });
    return input.seats;
  },
);

/** Says what no engine may run. */
const breaking = operation(
  { name: "break", input: z.object({ text: z.string() }), flow: "event", retry },
  ({ text }, { write }) => write.sql(text),
);

export const app = spillway({
  operations: [...taking, putting, counting, breaking],
  engine: sqlite(SPILLWAY_DATA, { migrations: [made] }),
});

await serve(app);
