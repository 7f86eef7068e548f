// A function's size and its load: what was measured, made ready to be shown.
import { type Cold, type ColdRun, coldRun, LOADED, type Load } from "../measure/cold.ts";
import { type BundledPart, bytesAtStart } from "../measure/parts.ts";
import type { Found } from "../report/found.ts";
import { median } from "../report/statistics.ts";
import { fixed, spreadOf, type Table } from "../report/table.ts";

const NOTES = [
  "Bundles as `spillway synth` writes them: minified, with AWS's clients in them. What is loaded only when it is needed is a file of its own, and not counted in the size.",
  "An app's own libraries come on top: most of what the orders example has more than the plain app is Zod.",
  "Loaded means imported by a fresh Node.js process that keeps nothing compiled, without the start of that process. The clients alone are DynamoDB's and SQS's with the commands that a function sends, bundled in the same way. Loads alternate; a round's figure is the median of nine.",
  "What a real cold start adds (the environment, the download, the first connection) is not in it.",
];

const NAMES = {
  plain: "a queue's function, plain app",
  clients: "AWS's clients alone",
  orders: "a queue's function, orders example",
  ordersHttp: "the function for calls, orders example",
} as const;

export async function coldFound(plan: ColdRun): Promise<Found> {
  return foundOf(await coldRun(plan));
}

export function foundOf(cold: Cold): Found {
  return {
    rows: LOADED.map((name) => ({
      id: `load-${name}`,
      name: NAMES[name],
      samples: cold.loads[name].map(({ ms, cpuMs }) => ({
        perSecond: 1_000 / ms,
        p50Ms: ms,
        cpuMicros: cpuMs * 1_000,
      })),
    })),
    figures: { "cold-size": bytesAtStart(cold.plain) / 1_024, "cold-load": median(ratiosOf(cold, "plain")) },
    tables: () => [
      { title: "Loaded by a fresh process", table: loadsTable(cold) },
      { title: "Bundles", table: sizesTable(cold) },
    ],
    notes: NOTES,
    skipped: [],
  };
}

/** Of the rounds: what ran next to each other in time is compared. */
function ratiosOf({ loads }: Cold, name: keyof Cold["loads"], of: keyof Load = "ms"): readonly number[] {
  return loads[name].map((load, round) => load[of] / (loads.clients[round]?.[of] ?? Number.NaN));
}

function loadsTable(cold: Cold): Table {
  return {
    head: ["", "ms", "spread", "of the clients'", "spread", "CPU ms", "of the clients'"],
    rows: LOADED.map((name) => {
      const [ms, cpuMs] = [
        cold.loads[name].map((load) => load.ms),
        cold.loads[name].map((load) => load.cpuMs),
      ];
      const [ratios, cpuRatios] = [ratiosOf(cold, name), ratiosOf(cold, name, "cpuMs")];
      return [
        NAMES[name],
        fixed(median(ms), 1),
        spreadOf(ms, 1),
        `${fixed(median(ratios), 2)} ×`,
        spreadOf(ratios, 2),
        fixed(median(cpuMs), 1),
        `${fixed(median(cpuRatios), 2)} ×`,
      ];
    }),
  };
}

function sizesTable({ plain, orders, clients }: Cold): Table {
  const line = (name: string, parts: readonly BundledPart[]) => [
    name,
    fixed(bytesAtStart(parts) / 1_024, 1),
    fixed((bytesOf(parts) - bytesAtStart(parts)) / 1_024, 1),
  ];
  return {
    head: ["", "at the start, KiB", "when it is needed, KiB"],
    rows: [line(NAMES.plain, plain), line(NAMES.orders, orders), line(NAMES.clients, clients)],
  };
}

function bytesOf(parts: readonly BundledPart[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}
