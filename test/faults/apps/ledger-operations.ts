/**
 * Operations made to be judged: every effect bears the tag of the call that made it and is counted in a row of its
 * own, by reading and writing, and in one total for all, by adding. So an effect that is applied twice is seen twice.
 */
import { operation, ProblemError, resource, table } from "spillway";
import * as z from "zod";
import { journaled } from "./journal.ts";

const Row = z.object({ tag: z.string(), count: z.int() });
const counters = table("counters", { schema: Row, key: "tag" });
const echoes = table("echoes", { schema: Row, key: "tag" });
const Totals = z.object({ name: z.string(), applied: z.int(), worth: z.int(), echoes: z.int() });
const totals = table("totals", { schema: Totals, key: "name" });

export const LIMIT = 8;
const ledgerDb = resource("ledger-db", { concurrency: LIMIT });

const Tally = z.object({
  tag: z.string(),
  worth: z.int(),
  /** How long each attempt takes. */
  pauseMs: z.int().optional(),
  /** The first attempt goes on only at a call of "release". */
  isHeld: z.boolean().optional(),
  /** How many attempts throw, after they have written. */
  fails: z.int().optional(),
  /** Ends with a problem of its own, after it has written. */
  refuses: z.boolean().optional(),
  filler: z.string().optional(),
});

const echo = operation(
  { name: "echo", input: z.object({ tag: z.string() }), flow: "event", access: "internal" },
  async ({ tag }, { read, write }) => {
    const count = ((await read(echoes).get(tag))?.value.count ?? 0) + 1;
    write(echoes).put({ tag, count });
    write(totals).add("all", { echoes: 1 });
  },
);

const tallyOptions = {
  input: Tally,
  limits: ledgerDb,
  // Many, since every crash costs what runs one.
  retry: { maxAttempts: 8, base: "20ms", cap: "500ms" },
} as const;

const released = Promise.withResolvers<void>();
const held = new Set<string>();

const tallies = (["spill", "event", "request"] as const).map((flow) =>
  operation(
    { ...tallyOptions, name: `tally-${flow}`, flow },
    journaled(async (input, { id, attempt, read, write, send }) => {
      const { tag, worth, pauseMs = 0, isHeld, fails = 0, refuses } = input;
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      if (isHeld && attempt === 1) {
        held.add(tag);
        await released.promise;
      }
      // Read after the pause: a run that was overtaken meanwhile sees what the other one wrote and has no conflict.
      const count = ((await read(counters).get(tag))?.value.count ?? 0) + 1;
      write(counters).put({ tag, count });
      write(totals).add("all", { applied: 1, worth });
      send(echo, { tag });
      if (attempt <= fails) throw new Error("It fails, as it was asked to.");
      if (refuses) throw new ProblemError({ status: 409, code: "not-wanted" });
      return { tag, count, runId: id };
    }),
  ),
);

/** Answers how many were held. */
const release = operation({ name: "release", input: z.object({}), flow: "request" }, () => {
  released.resolve();
  return { released: held.size };
});

const suicide = operation(
  { name: "suicide", input: z.object({}), flow: "event", retry: { maxAttempts: 3, base: "20ms" } },
  () => {
    process.kill(process.pid, "SIGKILL");
  },
);

const tables = { counters, echoes };

/** Rows of a table as `[tag, count]`, after a tag; and the totals. */
const audit = operation(
  {
    name: "audit",
    input: z.object({ table: z.enum(["counters", "echoes"]), after: z.string() }),
    flow: "request",
  },
  async ({ table: name, after }, { read }) => {
    const rows = await read(tables[name]).list({ after, limit: 1_000 });
    const all = await read(totals).get("all");
    return { rows: rows.map(({ value }) => [value.tag, value.count]), totals: all?.value ?? null };
  },
);

export const ledgerOperations = [...tallies, echo, release, suicide, audit];
