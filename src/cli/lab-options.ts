/** The options of `spillway lab`, from their text to what the lab takes. Refuses what cannot be meant, with the value. */
import { readFileSync } from "node:fs";
import { ratePerSecond } from "../core/duration.ts";
import type { CostOptions } from "../lab/cost.ts";
import { LANES, type LabOptions, MOST_CALLS, type Traffic } from "../lab/options.ts";
import { withPrices } from "../lab/prices.ts";
import { CURVE_KINDS, type CurveKind, expectedArrivals } from "../lab/profile.ts";
import { modulePath } from "./app-module.ts";
import { argumentsIn, onlyModule } from "./arguments.ts";
import { UsageError } from "./command.ts";
import { milliseconds, whole } from "./values.ts";

const text = { type: "string" } as const;
const byDefault = (value: string) => ({ ...text, default: value });

const OPTIONS = {
  operation: text,
  profile: byDefault("burst"),
  base: byDefault("50/s"),
  peak: byDefault("500/s"),
  for: byDefault("20s"),
  replay: text,
  input: text,
  inputs: text,
  repeats: byDefault("1"),
  seed: byDefault("1"),
  probe: text,
  bearer: text,
  "limit-drain": byDefault("120s"),
  "without-retrying": { type: "boolean", default: false },
  prices: text,
  api: byDefault("http"),
  accept: byDefault("function"),
  memory: byDefault("512"),
  batch: byDefault("10"),
  out: text,
} as const;

export type LabCommand = {
  readonly options: LabOptions;
  readonly costs: CostOptions;
  readonly out: string | undefined;
};

const SECOND = 1_000;
const LONGEST_S = 1_800;
const FASTEST = 20_000;

export function labCommandOf(args: readonly string[]): LabCommand {
  const { values, positionals } = parsed(args);
  const file = onlyModule("lab", positionals, "./app.ts --operation NAME");
  if (values.operation === undefined)
    throw new UsageError("lab needs the operation to measure: --operation NAME");
  const { traffic, inputs } = values.replay === undefined ? curveOf(values) : replayOf(values);
  if (values.api !== "http" && values.api !== "rest")
    throw new UsageError(`--api is ${JSON.stringify(values.api)}. Use http or rest.`);
  if (values.accept !== "function" && values.accept !== "direct")
    throw new UsageError(`--accept is ${JSON.stringify(values.accept)}. Use function or direct.`);
  return {
    options: {
      module: modulePath(file),
      operation: values.operation,
      traffic,
      inputs,
      seed: whole("--seed", values.seed, 0, 2 ** 32 - 1),
      repeats: whole("--repeats", values.repeats, 1, 20),
      lanes: values["without-retrying"] ? LANES.filter((lane) => lane !== "request-retrying") : LANES,
      bearer: values.bearer,
      probe: values.probe,
      drainLimitMs: SECOND * seconds("--limit-drain", values["limit-drain"]),
      memoryMiB: whole("--memory", values.memory, 128, 10_240),
      batch: whole("--batch", values.batch, 1, 10_000),
    },
    costs: {
      api: values.api,
      accept: values.accept,
      ...(values.prices !== undefined && {
        prices: withPrices(read("--prices", values.prices), values.prices),
      }),
    },
    out: values.out,
  };
}

function parsed(args: readonly string[]) {
  return argumentsIn(args, OPTIONS, "`spillway lab --help` lists the options.");
}

type Values = ReturnType<typeof parsed>["values"];
type Sent = { readonly traffic: Traffic; readonly inputs: readonly string[] | undefined };

function curveOf(values: Values): Sent {
  const { profile } = values;
  if (!CURVE_KINDS.some((kind) => kind === profile)) {
    const next =
      profile === "replay"
        ? "Name the recording: --replay FILE.ndjson."
        : `Use one of: ${CURVE_KINDS.join(", ")}, replay.`;
    throw new UsageError(`--profile is ${JSON.stringify(profile)}. ${next}`);
  }
  const peakPerSecond = rate("--peak", values.peak);
  const isSteady = profile === "steady";
  const traffic = {
    kind: profile as CurveKind,
    basePerSecond: isSteady ? peakPerSecond : rate("--base", values.base),
    peakPerSecond,
    seconds: seconds("--for", values.for),
  };
  if (traffic.basePerSecond > peakPerSecond)
    throw new UsageError(
      `--base is ${values.base}, more than --peak, which is ${values.peak}. Raise the peak.`,
    );
  const calls = Math.round(expectedArrivals(traffic));
  if (calls < 1 || calls > MOST_CALLS)
    throw new UsageError(
      `That makes about ${calls} calls in each lane; from 1 to ${MOST_CALLS} can be measured. Change --peak or --for.`,
    );
  return { traffic, inputs: inputsOf(values) };
}

function inputsOf({ input, inputs }: Values): readonly string[] | undefined {
  if (input !== undefined && inputs !== undefined)
    throw new UsageError("--input and --inputs both say what to send. Use one of the two.");
  if (input !== undefined) return [json("--input", input)];
  if (inputs === undefined) return undefined;
  const lines = linesOf("--inputs", inputs);
  return lines.map((line, place) => json(`Line ${place + 1} of ${inputs}`, line));
}

/** One line a call: `{ "atMs": 1250, "input": { … } }`, in any order; an input of its own, or the one that is given. */
function replayOf(values: Values): Sent {
  const file = values.replay as string;
  if (values.inputs !== undefined) throw new UsageError("--replay has its own inputs. Leave out --inputs.");
  const given = values.input === undefined ? undefined : json("--input", values.input);
  const calls = linesOf("--replay", file).map((line, place) => {
    const what = `Line ${place + 1} of ${file}`;
    const call = JSON.parse(json(what, line)) as { readonly atMs?: unknown; readonly input?: unknown } | null;
    const { atMs, input } = call ?? {};
    if (typeof atMs !== "number" || !(atMs >= 0 && atMs <= LONGEST_S * SECOND))
      throw new UsageError(
        `${what} has no atMs from 0 to ${LONGEST_S * SECOND}. Write { "atMs": 1250, "input": { … } }.`,
      );
    if (input === undefined && given === undefined)
      throw new UsageError(`${what} has no input. Write one in the line, or give one for all by --input.`);
    return { atMs, input: input === undefined ? (given as string) : JSON.stringify(input) };
  });
  if (calls.length > MOST_CALLS)
    throw new UsageError(`${file} has ${calls.length} calls; up to ${MOST_CALLS} can be replayed.`);
  const inOrder = calls.sort((one, other) => one.atMs - other.atMs);
  return {
    traffic: { kind: "replay", arrivals: Float64Array.from(inOrder, ({ atMs }) => atMs) },
    inputs: inOrder.map(({ input }) => input),
  };
}

function linesOf(option: string, file: string): readonly string[] {
  const lines = read(option, file)
    .split("\n")
    .filter((line) => line.trim() !== "");
  if (lines.length > 0) return lines;
  throw new UsageError(`${file} has no lines. Write one JSON value in each.`);
}

function read(option: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(
      `${option} is ${JSON.stringify(file)}, which cannot be read (${(error as NodeJS.ErrnoException).code}).`,
    );
  }
}

function json(what: string, value: string): string {
  try {
    return JSON.stringify(JSON.parse(value));
  } catch (error) {
    throw new UsageError(`${what} is ${value.slice(0, 80)}, which is no JSON: ${(error as Error).message}`);
  }
}

function rate(option: string, value: string): number {
  const perSecond = ratePerSecond(value);
  if (perSecond !== undefined && perSecond <= FASTEST) return perSecond;
  throw new UsageError(
    `${option} is ${JSON.stringify(value)}. Write a rate such as 50/s or 300/m, up to ${FASTEST}/s.`,
  );
}

function seconds(option: string, value: string): number {
  const inSeconds = milliseconds(option, value) / SECOND;
  if (inSeconds <= LONGEST_S) return inSeconds;
  throw new UsageError(`${option} is ${value}. Use at most ${LONGEST_S / 60} minutes.`);
}
