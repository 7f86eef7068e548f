/** A run of the lab: every lane under the same arrivals, as often as asked for, and the report of it. */
import { basisOf } from "./basis.ts";
import { type CostOptions, costOf } from "./cost.ts";
import { LabRefusal } from "./errors.ts";
import { assertAgreement } from "./joined.ts";
import { laneOf } from "./lane.ts";
import { type LaneProgress, type LaneRun, runLane, serverProcess } from "./lane-run.ts";
import { thisMachine } from "./machine.ts";
import type { Description } from "./messages.ts";
import { type LabOptions, profileOf } from "./options.ts";
import { arrivals } from "./profile.ts";
import { recommend } from "./recommendation.ts";
import {
  type Cost,
  type FlowReport,
  type Lane,
  type LaneName,
  type Profile,
  REPORT_VERSION,
} from "./report.ts";
import { basisOfReport } from "./sentences.ts";

export type LabHost = {
  /** This installation's version. */
  readonly version: string;
  readonly described: (description: Description, profile: Profile) => void;
  readonly progress: (progress: LaneProgress) => void;
  readonly ran: (run: LaneRun) => void;
};

const DESCRIBE_MS = 30_000;
/** As they are read: request-response with and without repeats beside each other. */
const SHOWN: readonly LaneName[] = ["request", "request-retrying", "event", "spill"];

export async function runLab(options: LabOptions, costs: CostOptions, host: LabHost): Promise<FlowReport> {
  const { traffic, seed } = options;
  const due = traffic.kind === "replay" ? traffic.arrivals : arrivals(traffic, seed);
  if (due.length === 0)
    throw new LabRefusal(
      `Drawn from seed ${seed}, no call arrives in that time. Raise --peak or --for, or take another --seed.`,
    );
  const description = await describe(options);
  const profile = profileOf(traffic, seed, due);
  host.described(description, profile);
  const runs: LaneRun[] = [];
  for (let repeat = 1; repeat <= options.repeats; repeat++) {
    for (const lane of options.lanes) {
      const told = (progress: Omit<LaneProgress, "lane" | "repeat">) =>
        host.progress({ ...progress, lane, repeat });
      const run = await runLane(lane, due, description, options, told);
      assertAgreement(run);
      host.ran(run);
      runs.push(run);
    }
  }
  return reportOf(runs, profile, description, options, costs, host.version);
}

async function describe(options: LabOptions): Promise<Description> {
  const { module, operation, inputs, probe, bearer, traffic } = options;
  const server = serverProcess();
  try {
    const mayBeInvalid = traffic.kind === "replay";
    server.tell({
      kind: "describe",
      module,
      operation,
      inputs,
      mayBeInvalid,
      hasBearer: bearer !== undefined,
      probe,
    });
    return await server.next("described", DESCRIBE_MS);
  } finally {
    await server.stop();
  }
}

function reportOf(
  runs: readonly LaneRun[],
  profile: Profile,
  description: Description,
  options: LabOptions,
  costs: CostOptions,
  version: string,
): FlowReport {
  const lanes = SHOWN.map((name) => runs.filter(({ lane }) => lane === name))
    .filter(({ length }) => length > 0)
    .map(laneOf);
  const measured = {
    kind: "spillway-flow-report",
    version: REPORT_VERSION,
    madeAt: new Date().toISOString(),
    madeOn: thisMachine(),
    spillway: version,
    app: options.module.replace(/^.*[\\/]/, ""),
    operation: options.operation,
    declaredFlow: description.flow,
    profile,
    repeats: options.repeats,
    resources: description.resources,
    ...(options.probe !== undefined && { probe: options.probe }),
    lanes,
    cost: costFor(runs, lanes, options, costs),
    basis: basisOfReport(lanes, description, options),
  } as const;
  return { ...measured, recommendation: recommend(measured) };
}

/** Of the event lane, where the resource is never asked for more than it has; of another where that ran nothing. */
function costFor(
  runs: readonly LaneRun[],
  lanes: readonly Lane[],
  options: LabOptions,
  costs: CostOptions,
): Cost {
  const found = ["event" as const, ...SHOWN].find((name) =>
    lanes.some((lane) => lane.name === name && lane.handler.count > 0),
  );
  const lane = lanes.find(({ name }) => name === found);
  const sizes = runs.filter((run) => run.lane === found).flatMap(({ served }) => served.sizes);
  const deployment = { ...options, named: options.bearer !== undefined };
  return costOf(basisOf(lane?.handler.mean ?? 0, sizes, deployment), {
    ...costs,
    atOnceShare: atOnceOf(lanes),
  });
}

/** Of what a spill took: what it refused costs next to nothing. */
function atOnceOf(lanes: readonly Lane[]): number | undefined {
  const spill = lanes.find(({ name }) => name === "spill");
  if (spill === undefined) return undefined;
  const { answered, receipts } = spill.counts;
  return answered + receipts === 0 ? undefined : answered / (answered + receipts);
}
