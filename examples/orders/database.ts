/**
 * A stand-in for an orders database, and it says so: a pool of so many connections, each busy for so long with one
 * order. Who finds none free is throttled. It keeps its own high-water mark, so that what Spillway promises about
 * the pool can be checked against something that is not Spillway.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { RetryableError, ThrottledError } from "spillway";
import type { Settings } from "./settings.ts";

export type DatabaseSettings = {
  readonly capacity: number;
  readonly latencyMs: number;
  /** The share of orders that fail, 0–1. */
  readonly failRate: number;
};

export type DatabaseState = DatabaseSettings & {
  readonly inUse: number;
  readonly peak: number;
  readonly throttled: number;
  readonly writes: number;
};

export interface Database {
  /** One order's worth of work on one connection. */
  charge(sku: string): Promise<void>;
  change(settings: Partial<DatabaseSettings>): Promise<void>;
  /** Counts anew; settings stay. */
  reset(): Promise<void>;
  state(): Promise<DatabaseState>;
}

/** In this process, or shared by all that keep their orders in one place. */
export async function databaseOf(settings: Settings): Promise<Database> {
  if (settings.postgres === undefined) return new OrdersDatabase(settings);
  const { SharedDatabase } = await import("./shared-database.ts");
  return new SharedDatabase(settings.postgres, settings);
}

class OrdersDatabase implements Database {
  #settings: DatabaseSettings;
  #inUse = 0;
  #peak = 0;
  #throttled = 0;
  #writes = 0;

  constructor({ capacity, latencyMs, failRate }: DatabaseSettings) {
    this.#settings = { capacity, latencyMs, failRate };
  }

  async charge(sku: string): Promise<void> {
    const { capacity, latencyMs, failRate } = this.#settings;
    if (this.#inUse >= capacity) {
      this.#throttled++;
      throw new ThrottledError(`All ${capacity} connections are in use.`);
    }
    this.#inUse++;
    this.#peak = Math.max(this.#peak, this.#inUse);
    try {
      await sleep(latencyMs);
      if (sku === "POISON" || Math.random() < failRate)
        throw new RetryableError("The orders database failed.");
      this.#writes++;
    } finally {
      this.#inUse--;
    }
  }

  async change(settings: Partial<DatabaseSettings>): Promise<void> {
    this.#settings = { ...this.#settings, ...settings };
  }

  async reset(): Promise<void> {
    this.#peak = this.#inUse;
    this.#throttled = 0;
    this.#writes = 0;
  }

  async state(): Promise<DatabaseState> {
    return {
      ...this.#settings,
      inUse: this.#inUse,
      peak: this.#peak,
      throttled: this.#throttled,
      writes: this.#writes,
    };
  }
}
