/**
 * An app for several nodes: each run of its handlers notes in PostgreSQL when it began and when it ended, by the
 * database's clock, so that a test can see what ran at once on all nodes together.
 *
 * Environment: SITE_DATABASE, SITE_SCHEMA, and SITE_CAPACITY for what may run at once.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "pg";
import { operation, resource, spillway, table } from "spillway";
import { postgres } from "spillway/postgres";
import * as z from "zod";

const { SITE_DATABASE: url = "", SITE_SCHEMA: schema = "", SITE_CAPACITY: capacity = "10" } = process.env;

const site = resource("site", { concurrency: Number(capacity) });
const kept = table("kept", { schema: z.object({ tag: z.string(), by: z.string() }), key: "tag" });

// What it notes is lost with the cluster, as the cluster is with the test.
const notes = new Pool({
  connectionString: url,
  max: 20,
  options: `-c synchronous_commit=off -c search_path=${schema}_notes`,
});

const Work = z.object({ tag: z.string(), ms: z.int() });

const operations = (["request", "event", "spill"] as const).map((flow) =>
  operation(
    { name: `work-${flow}`, flow, input: Work, limits: site, timeout: "30s" },
    async ({ tag, ms }, { id, write }) => {
      const { rows } = await notes.query(
        "INSERT INTO runs (tag, job, node) VALUES ($1, $2, $3) RETURNING run",
        [tag, id, process.pid],
      );
      await sleep(ms);
      await notes.query("UPDATE runs SET ended = clock_timestamp() WHERE run = $1", [rows[0].run]);
      write(kept).insert({ tag, by: id });
      return { tag };
    },
  ),
);

export const app = spillway({ operations, engine: postgres(url, { schema }) });
