/** What was measured and how, and what is a model: the sentences that stand under every report. */
import { milliseconds } from "./figures.ts";
import type { Description } from "./messages.ts";
import type { LabOptions } from "./options.ts";
import { LANE_TITLES, type Lane, waitingIn } from "./report.ts";

export function basisOfReport(
  lanes: readonly Lane[],
  description: Description,
  options: LabOptions,
): readonly string[] {
  return [
    `Measured: the operation "${options.operation}" of the app itself, its code unchanged, served on loopback of one machine. Each lane ran in a fresh process with an empty SQLite store on this machine's disk, one lane at a time, and got the same calls at the same times.`,
    `Calls were sent when they were due, whether or not earlier ones had been answered, and every time counts from when a call was due. The load came from a process of its own on the same machine${generatorOf(lanes)}, so part of that machine was not the server's.`,
    inputOf(description, options),
    "Counts were taken on both sides, and agree to the unit: offered = answered + receipts + refused + failed at the client, and as many jobs in the store as there are receipts. Effects were counted in the store afterwards, and held against what was acknowledged.",
    ...retryingOf(lanes),
    ...unfinished(lanes),
    ...(options.probe === undefined
      ? []
      : [
          `What stands behind the operation is told by the app's own "${options.probe}", asked ten times a second. Where that is a stand-in for a real database, its capacity and its times are what the app says they are.`,
        ]),
    "A model: what it would cost on AWS, which is the measured handler time and sizes by a table of listed prices. Nothing was deployed.",
  ];
}

function generatorOf(lanes: readonly Lane[]): string {
  const late = Math.max(...lanes.map(({ generator }) => generator.lateP99Ms));
  const share = Math.max(...lanes.map(({ generator }) => generator.cpuShare));
  return `, where it took up to ${Math.round(share * 100)}% of one core and sent 99% of the calls within ${milliseconds(late)} of their time`;
}

function inputOf({ inputs, isMade }: Description, { traffic }: LabOptions): string {
  if (isMade) return `The input of every call was made from the operation's schema: ${inputs[0]}.`;
  const what =
    inputs.length === 1 ? "one input that was given" : `${inputs.length} inputs that were given, in turn`;
  return traffic.kind === "replay"
    ? `Calls and their times were replayed from a recording; ${what}.`
    : `Every call had ${what}.`;
}

function retryingOf(lanes: readonly Lane[]): readonly string[] {
  const lane = lanes.find(({ name }) => name === "request-retrying");
  if (!lane) return [];
  return [
    `In the "${LANE_TITLES["request-retrying"]}" lane, the client sends a call again that was refused or failed: up to 20 requests in all, each after the Retry-After it was given and a random pause below 0.5 s, which doubles with each request up to 30 s, and with the call's Idempotency-Key, so that nothing is done twice. Keys cost the server a durable record for each call, which the plain request lane does not pay.`,
  ];
}

function unfinished(lanes: readonly Lane[]): readonly string[] {
  return lanes.flatMap((lane) => {
    const left = waitingIn(lane);
    return left > 0
      ? [
          `${left} calls of the "${LANE_TITLES[lane.name]}" lane had a receipt and no end yet when the time to drain (--limit-drain) was over.`,
        ]
      : [];
  });
}
