// The main table, the comparison of two builds, and what they say of the goals. Pure.
import type { MainMeasured } from "../measure/main-run.ts";
import type { Measured } from "./sample.ts";
import { medianOf, ratio, values } from "./statistics.ts";
import { fixed, type Table, whole } from "./table.ts";
import type { Figures } from "./verdict.ts";

const HEAD = [
  "",
  "per second",
  "spread",
  "p50 ms",
  "p99 ms",
  "CPU µs each",
  "per fsync",
  "RSS MiB",
  "of Fastify",
  "its CPU",
];

export function rowsOf({ floors, products }: MainMeasured): readonly Measured[] {
  return [floors.fastify, floors.empty, ...Object.values(products[0]?.rows ?? {})];
}

/** @param losing marks the cells that miss their goal */
export function mainTable(rows: readonly Measured[], fastify: Measured, losing: ReadonlySet<string>): Table {
  const marked = (cell: string, id: string) => (losing.has(id) && cell !== "" ? `${cell} ✗` : cell);
  return {
    head: HEAD,
    rows: rows.map((row) => {
      const rates = values(row, "perSecond");
      return [
        row.name,
        marked(whole(medianOf(row, "perSecond")), `${row.id}-rate`),
        `${whole(Math.min(...rates))}–${whole(Math.max(...rates))}`,
        fixed(medianOf(row, "p50Ms"), 2),
        marked(fixed(medianOf(row, "p99Ms"), 2), `${row.id}-p99`),
        fixed(medianOf(row, "cpuMicros"), 1),
        marked(fixed(medianOf(row, "perCommit"), 0), `${row.id}-per-fsync`),
        fixed(medianOf(row, "rssMiB"), 0),
        marked(fixed(ratio(row, fastify), 2), `${row.id}-of-fastify`),
        marked(fixed(ratio(row, fastify, "cpuMicros"), 2), `${row.id}-cpu-of-fastify`),
      ];
    }),
  };
}

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

/** Which cell of the table a goal is about. */
export const CELLS: Readonly<Record<string, string>> = {
  "accept-rate": "accept-of-fastify",
  "accept-cpu": "accept-cpu-of-fastify",
  "keyed-rate": "keyed-of-fastify",
  "keyed-cpu": "keyed-cpu-of-fastify",
  "drain-rate": "drain-rate",
  "per-fsync": "accept-per-fsync",
  "batch-rate": "batch-rate",
  "draining-rate": "draining-rate",
  "draining-p99": "draining-p99",
};

/** This tree against another build, row by row: above 1 is more per second, or more CPU. */
export function comparison({ products }: MainMeasured): Table | undefined {
  const [own, other] = products;
  if (own === undefined || other === undefined) return undefined;
  const pairs = Object.values(own.rows).flatMap((row) => {
    const before = Object.values(other.rows).find(({ id }) => id === row.id);
    return before === undefined ? [] : [[row, before] as const];
  });
  return {
    head: [
      "",
      `${other.label} /s`,
      `${own.label} /s`,
      "rate",
      "CPU µs",
      "CPU µs",
      "CPU",
      "p99 ms",
      "p99 ms",
      "per fsync",
    ],
    rows: pairs.map(([row, before]) => [
      row.name,
      whole(medianOf(before, "perSecond")),
      whole(medianOf(row, "perSecond")),
      `${fixed(ratio(row, before), 2)} ×`,
      fixed(medianOf(before, "cpuMicros"), 1),
      fixed(medianOf(row, "cpuMicros"), 1),
      `${fixed(ratio(row, before, "cpuMicros"), 2)} ×`,
      fixed(medianOf(before, "p99Ms"), 2),
      fixed(medianOf(row, "p99Ms"), 2),
      `${fixed(medianOf(before, "perCommit"), 0)} → ${fixed(medianOf(row, "perCommit"), 0)}`,
    ]),
  };
}
