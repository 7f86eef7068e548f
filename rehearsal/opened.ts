/** The stage as a rehearsal opens it. */
import { join } from "node:path";
import type { Faults } from "./faults/faults.ts";
import type { Options } from "./options.ts";
import { Stage, type StageOptions } from "./stage.ts";

/** The hiding of messages and the schedules are so many times shorter than the template says; functions have all their time. */
export const FASTER = { visibility: 30, schedules: 6 } as const;
/** Odd, so that nothing else sleeps for it: how `lambda/observer.ts` knows the example's database. */
const DATABASE_MS = 23;
const PROCESSES = 8;
export const ADMIN_TOKEN = "the-administrator-of-the-rehearsal";

export function openStage(
  { port, account }: Pick<Options, "port" | "account">,
  template: string,
  faults: Faults,
  { onLine, onDeath }: Pick<StageOptions, "onLine" | "onDeath">,
  adminToken = ADMIN_TOKEN,
  environment: Readonly<Record<string, string>> = { ORDERS_DB_LATENCY_MS: String(DATABASE_MS) },
): Promise<Stage> {
  return Stage.open({
    template,
    parameters: { AdminToken: adminToken },
    environment,
    faults,
    port,
    faster: FASTER,
    accountConcurrency: account,
    processes: PROCESSES,
    preloads: [join(import.meta.dirname, "lambda/observer.ts")],
    onLine,
    onDeath,
  });
}
