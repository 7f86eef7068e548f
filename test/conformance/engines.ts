/**
 * The engines that the suite is run on, and what each is excused from: a waiver is data with a reason, printed
 * into docs/engines.md. `ENGINES=memory,aws` chooses; by default those that need no more than Node.js.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine, EngineSource } from "../../src/core/engine.ts";
import { memory } from "../../src/engines/memory/index.ts";
import { missingMoto } from "../aws/support/emulators.ts";
import type { Store } from "../aws/support/rig.ts";
import { type Cluster, cluster, dropSchema, missingCluster, newSchema } from "../postgres/support/cluster.ts";
import { untilOver } from "../postgres/support/until-over.ts";
import { made, type OwnTables, tablesIn, tablesOn } from "./own-tables.ts";

/** `test` is the sentence that the engine does not promise. */
export type Waiver = { readonly test: string; readonly reason: string };

export type Installed = {
  /** Opened again after a close, it finds what was there, if the engine survives. */
  readonly source: EngineSource;
  /** Of a subject that was asked for them. */
  readonly tables?: OwnTables;
  remove(): Promise<void>;
};

export type Subject = {
  readonly name: string;
  /** Whether anything is left after its process ends. */
  readonly survives: boolean;
  /** Many: what runs when it opens may be another process's, which it leaves alone until its lease is over. */
  readonly owners: "one" | "many";
  /** What is past its time is gone for whoever asks; whether a sweep counts it, or the store rids itself of it. */
  readonly prunes: "in its sweep" | "by itself";
  /** Whether what waits is counted to the job, or as a queue beside the store has it. */
  readonly queues: "exact" | "about right";
  /** Whether nodes keep their limits together there. */
  readonly shares?: boolean;
  readonly waivers: readonly Waiver[];
  /** Why it cannot be tried here; never, where `SPILLWAY_REQUIRE` names what it needs. */
  readonly missing?: () => string | false;
  /** A store of its own for each test. */
  install(): Promise<Installed>;
  /** The same with tables of an app's own beside it; only where statements on them are run. */
  installWithTables?(): Promise<Installed>;
};

export const memoryEngine: Subject = {
  name: "memory",
  survives: false,
  owners: "one",
  prunes: "in its sweep",
  queues: "exact",
  shares: true,
  waivers: [],
  install: async () => ({ source: memory(), remove: async () => {} }),
};

const sqliteEngine: Subject = {
  name: "sqlite",
  survives: true,
  owners: "one",
  prunes: "in its sweep",
  queues: "exact",
  waivers: [],
  async install() {
    const { sqlite } = await import("../../src/engines/sqlite/index.ts");
    const folder = await mkdtemp(join(tmpdir(), "spillway-conformance-"));
    return { source: sqlite(folder), remove: () => rm(folder, { recursive: true, force: true }) };
  },
  async installWithTables() {
    const { sqlite } = await import("../../src/engines/sqlite/index.ts");
    const folder = await mkdtemp(join(tmpdir(), "spillway-conformance-"));
    const tables = tablesIn(folder);
    const source = sqlite(folder, { migrations: made(tables.name) });
    return { source, tables, remove: () => rm(folder, { recursive: true, force: true }) };
  },
};

/** Whatever the suite calls its operations. */
const OPERATIONS = [
  ...["work", "other", "a", "b", "c", "sent", "mail", "step", "bad", "good", "fresh", "dead", "kept", "harm"],
  ...["one", "two", "few", "op-0", "op-1", "op-2", "op-3", "op-4", "redrive", "purge"],
];

const awsEngine: Subject = {
  name: "aws",
  survives: true,
  owners: "many",
  prunes: "by itself",
  queues: "about right",
  waivers: [
    {
      test: "the oldest is, of the queued jobs that are due, the one accepted first",
      reason:
        "SQS does not tell how long its messages have waited, so a queue with messages is as old as now",
    },
    {
      test: "a sweep prunes at most its limit, and the next goes on",
      reason: "DynamoDB deletes what is past its time by itself, and says nothing of how much",
    },
    {
      test: "the audit is pruned from its oldest end, at most a sweep's limit at a time",
      reason: "DynamoDB deletes what is past its time by itself; every entry ends in its own moment",
    },
  ],
  missing: missingMoto,
  async install() {
    const { aws } = await import("../../src/engines/aws/index.ts");
    let store: Store | undefined;
    return {
      source: {
        ...aws(),
        // Only now, so that its limits can be told where it cannot be tried.
        async open(host) {
          const { rig } = await import("../aws/support/rig.ts");
          const on = await rig();
          store ??= await on.newStore(OPERATIONS, { onDemand: true });
          const { table, queues } = store;
          const clients = { dynamodb: () => on.dynamodb(), sqs: () => on.sqs(() => host.clock.now()) };
          return aws({ table, queues, clients }).open(host);
        },
      },
      remove: async () => store?.remove(),
    };
  },
};

const postgresEngine: Subject = {
  name: "postgres",
  survives: true,
  owners: "many",
  prunes: "in its sweep",
  queues: "exact",
  shares: true,
  waivers: [],
  missing: missingCluster,
  async install() {
    const { postgres } = await import("../../src/engines/postgres/index.ts");
    const schema = newSchema();
    let on: Cluster | undefined;
    return {
      source: {
        ...postgres("postgres://127.0.0.1/spillway"),
        // Only now, so that its limits can be told where it cannot be tried.
        async open(host) {
          on ??= await cluster();
          const { url, ...options } = on;
          // The hands of the suite's clock are turned; the database's cannot be.
          const hidden = { now: () => host.clock.now() };
          const engine = await postgres(url, { schema, pool: 2, ...options, ...hidden }).open(host);
          return tellingAll(engine, url);
        },
      },
      remove: async () => on && dropSchema(on, schema),
    };
  },
  async installWithTables() {
    const { postgres } = await import("../../src/engines/postgres/index.ts");
    const [on, schema] = [await cluster(), newSchema()];
    const { url, ...options } = on;
    const tables = await tablesOn(url, schema);
    return {
      source: {
        ...postgres(url),
        open: (host) => postgres(url, { schema, ...options, ...{ now: () => host.clock.now() } }).open(host),
      },
      tables,
      remove: () => dropSchema(on, schema),
    };
  },
};

/** What another test has under way on the cluster holds back what is told of changes here; alone, nothing would. */
function tellingAll(engine: Engine, url: string): Engine {
  const changes = engine.changes.bind(engine);
  return Object.assign(engine, {
    changes: async (...asked: Parameters<Engine["changes"]>) => {
      await untilOver(url);
      return changes(...asked);
    },
  });
}

const standard: readonly Subject[] = [memoryEngine, sqliteEngine];
export const subjects: readonly Subject[] = [...standard, postgresEngine, awsEngine];

export const engines: readonly Subject[] = chosen(process.env["ENGINES"]);

function chosen(names: string | undefined): readonly Subject[] {
  if (!names) return standard;
  return names.split(",").map((name) => {
    const subject = subjects.find((known) => known.name === name.trim());
    if (subject) return subject;
    throw new Error(`ENGINES names "${name}"; there are ${subjects.map((known) => known.name).join(", ")}.`);
  });
}
