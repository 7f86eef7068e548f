/**
 * A resource is something that many operations share and that bears only so much: a database, a third party's
 * API. Name it once, and no call and no job will ever push it past its limit, whichever way they came.
 */
import { configuredRate, type Rate } from "./duration.ts";
import { configurationError } from "./errors.ts";
import { checkOptions, shown } from "./options.ts";

export type ResourceOptions = {
  /** Slots: handlers that may use it at once. */
  readonly concurrency: number;
  /** Handler starts, e.g. "50/s". Unbounded by default. */
  readonly rate?: Rate;
};

export type Resource = {
  readonly kind: "resource";
  readonly name: string;
  readonly concurrency: number;
  readonly ratePerSecond: number | undefined;
};

/** @example `const ordersDb = resource("orders-db", { concurrency: 10 });` */
export function resource(name: string, options: ResourceOptions): Resource {
  assertName("resource", name);
  checkOptions(`resource "${name}"`, options, ["concurrency", "rate"]);
  const { concurrency, rate } = options;
  assertConcurrency(`resource "${name}"`, concurrency);
  return {
    kind: "resource",
    name,
    concurrency,
    ratePerSecond: rate === undefined ? undefined : configuredRate(rate, `resource "${name}".rate`),
  };
}

const NAME = /^[a-z][a-z0-9]*(?:[-.][a-z0-9]+)*$/;

/** Names stand in URLs, metrics and AWS resource names: lower case, digits, single hyphens and dots. */
export function assertName(what: string, name: string): void {
  if (typeof name === "string" && NAME.test(name) && name.length <= 64) return;
  throw configurationError(
    `${shown(name)} cannot name ${/^[aeiou]/.test(what) ? "an" : "a"} ${what}.`,
    "Use lower-case letters, digits and single hyphens, at most 64, a letter first.",
  );
}

export const MOST_CONCURRENCY = 100_000;

export function assertConcurrency(what: string, concurrency: number): void {
  if (Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= MOST_CONCURRENCY) return;
  throw configurationError(
    `${what} has concurrency ${shown(concurrency)}.`,
    `Use a whole number from 1 to ${MOST_CONCURRENCY}.`,
  );
}
