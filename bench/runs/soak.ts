// The soak: what drifted, made ready to be shown.
import { SHARE, type Soak, type SoakPlan, type Stretch, soakRun } from "../measure/soak.ts";
import type { Found } from "../report/found.ts";
import type { Sample } from "../report/sample.ts";
import { drift } from "../report/statistics.ts";
import { fixed, type Table, whole } from "../report/table.ts";
import type { Figures } from "../report/verdict.ts";

/** Below this the figures are of a server that could not keep up, not of one that drifted. */
const COMPLETE_PERCENT = 90;

export async function soakFound(plan: SoakPlan): Promise<Found> {
  return foundOf(await soakRun(plan));
}

export function foundOf(soak: Soak): Found {
  const failures = soak.stretches.reduce((sum, stretch) => sum + stretch.failures, 0);
  const ended = soak.stretches.at(-1)?.seconds ?? 0;
  const left = soak.stretches.at(-1)?.queued ?? 0;
  return {
    rows: [
      { id: "soak", name: "accept, run, outcome at a fixed rate", samples: soak.stretches.map(sampleOf) },
    ],
    figures: figuresOf(soak),
    tables: () => [{ title: `Offered: ${whole(soak.offeredPerSecond)} calls a second`, table: table(soak) }],
    notes: [
      `The offered rate is ${SHARE * 100}% of the peak of accepting alone, ${whole(soak.peakPerSecond)}/s in this run; calls come at it whether or not earlier ones have been answered, and waiting for a connection counts.`,
      "The drain is on. Outcomes are kept for two minutes, so that pruning runs too.",
      ...(ended < soak.plannedSeconds * 0.95
        ? [
            `ENDED EARLY, after ${Math.round(ended)} of ${soak.plannedSeconds} s: calls waited for five seconds, the rate could not be kept.`,
          ]
        : []),
      `${failures} calls failed; ${whole(left)} jobs were queued at the end.`,
      "Goals are for ten minutes and more; a shorter run says less. Drift compares the median of the last third with that of the first.",
    ],
    skipped: [],
  };
}

/** Where the rate could not be kept the run ended early, and there is no drift to speak of. */
export function figuresOf({ stretches, offeredPerSecond, plannedSeconds }: Soak): Figures {
  const answered = stretches.reduce((sum, { seconds, perSecond }, index) => {
    const began = stretches[index - 1]?.seconds ?? 0;
    return sum + (seconds - began) * perSecond;
  }, 0);
  const kept = (answered / (offeredPerSecond * plannedSeconds)) * 100;
  if (kept < COMPLETE_PERCENT) return { "soak-kept": kept };
  const percent = (of: (stretch: Stretch) => number) => drift(stretches.map(of)) * 100;
  return {
    "soak-kept": kept,
    "soak-rate": -percent(({ perSecond }) => perSecond),
    "soak-p99": percent(({ p99Ms }) => p99Ms),
    "soak-memory": percent(({ rssMiB }) => rssMiB),
    "soak-log": Math.max(...stretches.map(({ logMiB }) => logMiB)),
  };
}

const sampleOf = ({
  perSecond,
  cpuMicros,
  p50Ms,
  p99Ms,
  rssMiB,
  ...more
}: Stretch): Sample & typeof more => ({
  perSecond,
  cpuMicros,
  p50Ms,
  p99Ms,
  rssMiB,
  ...more,
});

function table({ stretches }: Soak): Table {
  return {
    head: [
      "until s",
      "per second",
      "p50 ms",
      "p99 ms",
      "CPU µs each",
      "RSS MiB",
      "log MiB",
      "database MiB",
      "queued",
    ],
    rows: stretches.map((stretch) => [
      fixed(stretch.seconds, 0),
      whole(stretch.perSecond),
      fixed(stretch.p50Ms, 2),
      fixed(stretch.p99Ms, 2),
      fixed(stretch.cpuMicros, 1),
      fixed(stretch.rssMiB, 0),
      fixed(stretch.logMiB, 1),
      fixed(stretch.databaseMiB, 0),
      whole(stretch.queued),
    ]),
  };
}
