/** What the environment may set, read once and refused with the next step when it makes no sense. */
import { SpillwayError } from "spillway";

export const settings = {
  /** Where several processes keep the orders together; else they are kept in the folder. */
  postgres: process.env["SPILLWAY_POSTGRES"] || undefined,
  folder: process.env["SPILLWAY_DATA"] ?? new URL("../../.data/orders", import.meta.url).pathname,
  capacity: whole("ORDERS_DB_CONCURRENCY", 10, 1),
  latencyMs: whole("ORDERS_DB_LATENCY_MS", 20, 0),
  failRate: share("ORDERS_FAIL_RATE", 0),
  gate: whole("ORDERS_GATE", whole("ORDERS_DB_CONCURRENCY", 10, 1), 1),
};

export type Settings = typeof settings;

function whole(name: string, byDefault: number, least: number): number {
  const value = Number(process.env[name] ?? byDefault);
  if (Number.isInteger(value) && value >= least && value <= 100_000) return value;
  throw wrong(name, `Use a whole number from ${least} to 100000.`);
}

function share(name: string, byDefault: number): number {
  const value = Number(process.env[name] ?? byDefault);
  if (value >= 0 && value <= 1) return value;
  throw wrong(name, "Use a number from 0 to 1.");
}

function wrong(name: string, hint: string): SpillwayError {
  return new SpillwayError("configuration", `${name} is "${process.env[name]}".`, { hint });
}
