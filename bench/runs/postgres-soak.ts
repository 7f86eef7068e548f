// Millions of jobs on PostgreSQL: what drifted, made ready to be shown.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Installed } from "../build/installed.ts";
import { postgresSoakRun, type Tenth } from "../measure/postgres-soak.ts";
import { POSTGRES_SETTINGS, Postgres } from "../peers/postgres.ts";
import type { Found } from "../report/found.ts";
import type { Sample } from "../report/sample.ts";
import { fixed, type Table, whole } from "../report/table.ts";
import type { Figures } from "../report/verdict.ts";

export type SoakFoundPlan = {
  readonly build: Installed;
  readonly folder: string;
  readonly jobs: number;
  readonly say: (line: string) => void;
};

export async function postgresSoakFound(plan: SoakFoundPlan): Promise<Found> {
  const postgres = new Postgres(join(plan.folder, "postgres"));
  const startStore = (name: string) => {
    const folder = join(plan.folder, name);
    mkdirSync(folder);
    return postgres.start(folder);
  };
  return foundOf(await postgresSoakRun({ ...plan, scripts: plan.build.folder, startStore }));
}

export function foundOf(tenths: readonly Tenth[]): Found {
  return {
    rows: [
      { id: "postgres-soak-accept", name: "accept by batches of 1,000", samples: tenths.map(acceptOf) },
      { id: "postgres-soak-drain", name: "drain", samples: tenths.map(drainOf) },
    ],
    figures: figuresOf(tenths),
    tables: () => [
      { title: `${whole(tenths.reduce((sum, { jobs }) => sum + jobs, 0))} jobs`, table: table(tenths) },
    ],
    notes: [
      "A tenth of the jobs is accepted, then run; more of the same come before the first one and do not count. Outcomes are kept for 30 s, so pruning runs all the time.",
      `Growth is from the first tenth to the last. ${POSTGRES_SETTINGS}; autovacuum as it comes.`,
    ],
    skipped: [],
  };
}

export function figuresOf(tenths: readonly Tenth[]): Figures {
  const [first, last] = [tenths[0], tenths.at(-1)];
  if (first === undefined || last === undefined) return {};
  const growth = (of: (tenth: Tenth) => number) => (of(last) / of(first) - 1) * 100;
  return {
    "postgres-soak-accept": growth(({ acceptStoreMicros }) => acceptStoreMicros),
    "postgres-soak-drain": growth(({ drainStoreMicros }) => drainStoreMicros),
    "postgres-soak-rate": -growth(({ drainPerSecond }) => drainPerSecond),
    "postgres-soak-size": Math.max(
      ...(["jobs", "live", "outcomes"] as const).map((name) => growth(({ sizesMiB }) => sizesMiB[name])),
    ),
  };
}

type Stored = Sample & { readonly storeMicros: number; readonly sizesMiB?: Tenth["sizesMiB"] };

const acceptOf = ({ acceptPerSecond, acceptStoreMicros }: Tenth): Stored => ({
  perSecond: acceptPerSecond,
  storeMicros: acceptStoreMicros,
});

const drainOf = ({ drainPerSecond, drainStoreMicros, drainWorkerMicros, sizesMiB }: Tenth): Stored => ({
  perSecond: drainPerSecond,
  cpuMicros: drainStoreMicros + drainWorkerMicros,
  storeMicros: drainStoreMicros,
  sizesMiB,
});

function table(tenths: readonly Tenth[]): Table {
  return {
    head: [
      "tenth",
      "accepted/s",
      "store's CPU µs each",
      "run/s",
      "store's CPU µs each",
      "worker's",
      "jobs MiB",
      "live MiB",
      "outcomes MiB",
    ],
    rows: tenths.map((tenth, place) => [
      String(place + 1),
      whole(tenth.acceptPerSecond),
      fixed(tenth.acceptStoreMicros, 1),
      whole(tenth.drainPerSecond),
      fixed(tenth.drainStoreMicros, 1),
      fixed(tenth.drainWorkerMicros, 1),
      ...(["jobs", "live", "outcomes"] as const).map((name) => whole(tenth.sizesMiB[name])),
    ]),
  };
}
