// The main table, and the comparison of two builds: what was measured, made ready to be shown.
import { type MainMeasured, type MainPlan, mainRun } from "../measure/main-run.ts";
import type { Found, TitledTable } from "../report/found.ts";
import { type Held, rowsTable } from "../report/rows-table.ts";
import type { Measured } from "../report/sample.ts";
import { medianOf, ratio } from "../report/statistics.ts";
import { fixed, type Table, whole } from "../report/table.ts";
import type { Figures, Verdict } from "../report/verdict.ts";

const HELD: Held = {
  "accept-rate": { row: "accept", cell: "of" },
  "accept-cpu": { row: "accept", cell: "cpuOf" },
  "keyed-rate": { row: "keyed", cell: "of" },
  "keyed-cpu": { row: "keyed", cell: "cpuOf" },
  "drain-rate": { row: "drain", cell: "perSecond" },
  "per-fsync": { row: "accept", cell: "perCommit" },
  "batch-rate": { row: "batch", cell: "perSecond" },
  "draining-rate": { row: "draining", cell: "perSecond" },
  "draining-p99": { row: "draining", cell: "p99Ms" },
};

const NOTES = [
  "Every 202 is on disk (SQLite, WAL, synchronous=FULL), and so is every outcome. Medians of the rounds; ratios are the medians of each round's own.",
  "CPU is user and system time of the server's whole process. Beside a full-speed drain it is not shown, as it is the drain's too.",
  "Per fsync: operations for each group given to the store, which is one transaction and one fsync of its log; fsyncs of checkpoints come on top, one for hundreds of groups.",
  "Accept + run + outcome is timed from the first call until the last job has run; the drain likewise from when it is let go.",
];

export async function mainFound(plan: MainPlan): Promise<Found> {
  return foundOf(await mainRun(plan));
}

export function foundOf(measured: MainMeasured): Found {
  const [own, other] = measured.products;
  const others = Object.values(other?.rows ?? {}).map((row) => ({ ...row, id: `${row.id}@${other?.label}` }));
  return {
    rows: [...rowsOf(measured), ...others],
    figures: figuresOf(measured),
    tables(verdicts) {
      const compared: readonly TitledTable[] =
        own === undefined || other === undefined
          ? []
          : [{ title: `${own.label} against ${other.label}`, table: comparison(own, other) }];
      return [{ title: "Accepting, running, draining", table: mainTable(measured, verdicts) }, ...compared];
    },
    notes: NOTES,
    skipped: [],
  };
}

const rowsOf = ({ floors, products }: MainMeasured): readonly Measured[] => [
  floors.fastify,
  floors.empty,
  ...Object.values(products[0]?.rows ?? {}),
];

const mainTable = (measured: MainMeasured, verdicts: readonly Verdict[]): Table =>
  rowsTable(rowsOf(measured), verdicts, HELD, { row: measured.floors.fastify, name: "Fastify" });

export function figuresOf({ floors: { fastify }, products }: MainMeasured): Figures {
  const { accept, keyed, drain, batch, draining } = products[0]?.rows ?? {};
  return {
    "accept-rate": accept && ratio(accept, fastify),
    "accept-cpu": accept && ratio(accept, fastify, "cpuMicros"),
    "keyed-rate": keyed && ratio(keyed, fastify),
    "keyed-cpu": keyed && ratio(keyed, fastify, "cpuMicros"),
    "drain-rate": drain && medianOf(drain, "perSecond"),
    "per-fsync": accept && medianOf(accept, "perCommit"),
    "batch-rate": batch && medianOf(batch, "perSecond"),
    "draining-rate": draining && accept && ratio(draining, accept),
    "draining-p99": draining && medianOf(draining, "p99Ms"),
  };
}

type Product = MainMeasured["products"][number];

/** Row by row, the other build first: above 1 this tree does more per second, or uses more CPU. */
function comparison(own: Product, other: Product): Table {
  const pairs = Object.values(own.rows).flatMap((row) => {
    const before = Object.values(other.rows).find(({ id }) => id === row.id);
    return before === undefined ? [] : [[row, before] as const];
  });
  const change = (
    row: Measured,
    before: Measured,
    figure: "p99Ms" | "perCommit" | "rssMiB",
    digits: number,
  ) => {
    const [from, to] = [fixed(medianOf(before, figure), digits), fixed(medianOf(row, figure), digits)];
    return from === "" && to === "" ? "" : `${from} → ${to}`;
  };
  return {
    head: ["", "per second", "rate", "CPU µs each", "CPU", "p99 ms", "per fsync", "RSS MiB"],
    rows: pairs.map(([row, before]) => {
      const cpu = ratio(row, before, "cpuMicros");
      return [
        row.name,
        `${whole(medianOf(before, "perSecond"))} → ${whole(medianOf(row, "perSecond"))}`,
        `${fixed(ratio(row, before), 2)} ×`,
        Number.isNaN(cpu)
          ? ""
          : `${fixed(medianOf(before, "cpuMicros"), 1)} → ${fixed(medianOf(row, "cpuMicros"), 1)}`,
        Number.isNaN(cpu) ? "" : `${fixed(cpu, 2)} ×`,
        change(row, before, "p99Ms", 2),
        change(row, before, "perCommit", 0),
        change(row, before, "rssMiB", 0),
      ];
    }),
  };
}
