/** The options of `spillway synth`, from their text to what the plan takes. Refuses what cannot be meant, with the value. */
import type { Choices } from "../synth/plan.ts";
import { argumentsIn, onlyModule } from "./arguments.ts";
import { UsageError } from "./command.ts";
import { milliseconds, whole } from "./values.ts";

const text = { type: "string" } as const;
const many = { type: "string", multiple: true } as const;

/** What the plan is told, whichever command asks for it. */
export const CHOICES = {
  direct: many,
  share: many,
  env: many,
  policy: many,
  parallel: text,
  window: text,
  memory: text,
  reserve: text,
} as const;

const OPTIONS = { out: { ...text, default: "./aws" }, ...CHOICES } as const;

type Chosen = {
  readonly [name in keyof typeof CHOICES]?: (typeof CHOICES)[name] extends { readonly multiple: true }
    ? string[]
    : string;
};

export type SynthCommand = {
  readonly file: string;
  readonly out: string;
  readonly choices: Choices;
};

export function synthCommandOf(args: readonly string[]): SynthCommand {
  const { values, positionals } = argumentsIn(args, OPTIONS, "`spillway synth --help` lists the options.");
  const file = onlyModule("synth", positionals, "./app.ts --out ./aws");
  return { file, out: values.out, choices: choicesOf(values) };
}

export function choicesOf(chosen: Chosen): Choices {
  const { direct, share, env, policy, parallel, window, memory, reserve } = chosen;
  return {
    ...(direct && { direct }),
    ...(share && { shares: Object.fromEntries(share.map(shareOf)) }),
    ...(env && { environment: Object.fromEntries(env.map(variableOf)) }),
    ...(policy && { policies: policy.map(policyOf) }),
    ...(parallel !== undefined && { parallel: whole("--parallel", parallel, 1, 10) }),
    ...(window !== undefined && { windowSeconds: windowOf(window) }),
    ...(memory !== undefined && { memoryMiB: whole("--memory", memory, 128, 10_240) }),
    ...(reserve !== undefined && { reserve: yesOrNo("--reserve", reserve) }),
  };
}

function shareOf(given: string) {
  const [, name, atOnce, of] = /^([^=]+)=(\d{1,6})\/(\d{1,6})$/.exec(given) ?? [];
  if (name !== undefined) return [name, { atOnce: Number(atOnce), of: Number(of) }] as const;
  throw new UsageError(
    `--share is ${JSON.stringify(given)}. Write a limit, how many of it are for calls at once, and how many there are: --share orders-db=6/10`,
  );
}

function variableOf(given: string) {
  const [, name, value] = /^([A-Za-z]\w+)=(.*)$/s.exec(given) ?? [];
  if (name === undefined || value === undefined)
    throw new UsageError(
      `--env is ${JSON.stringify(given)}. Write a name and its value: --env LOG_LEVEL=info`,
    );
  if (/^(?:AWS_|LAMBDA_|SPILLWAY_|POWERTOOLS_)/.test(name))
    throw new UsageError(`--env names ${name}, which AWS or the template sets. Choose another name.`);
  return [name, value] as const;
}

function policyOf(given: string): string {
  if (/^arn:[a-z-]+:iam::(?:\d{12}|aws):policy\/\S+$/.test(given)) return given;
  throw new UsageError(
    `--policy is ${JSON.stringify(given)}. Give the ARN of a policy: --policy arn:aws:iam::123456789012:policy/NAME`,
  );
}

function windowOf(given: string): number {
  const seconds = given === "0" ? 0 : milliseconds("--window", given) / 1_000;
  if (Number.isInteger(seconds) && seconds <= 300) return seconds;
  throw new UsageError(`--window is ${JSON.stringify(given)}. Use whole seconds, from 0 to 300s.`);
}

function yesOrNo(option: string, value: string): boolean {
  if (value === "yes" || value === "no") return value === "yes";
  throw new UsageError(`${option} is ${JSON.stringify(value)}. Use yes or no.`);
}
