/** The store of AWS: jobs and items in one DynamoDB table, notices of them in SQS. */
import type { EngineHost, EngineSource } from "../../core/engine.ts";
import { PORTABLE_SIZES } from "../../core/store-defaults.ts";
import type { DeliveredEngine } from "./delivered.ts";
import { openAws } from "./engine.ts";
import { openHanded } from "./handed-engine.ts";
import { type AwsOptions, settledOptions } from "./options.ts";

export type { Delivered, DeliveredEngine, Fate } from "./delivered.ts";
export type { Message } from "./message.ts";
export type { AwsOptions } from "./options.ts";
export { type TableDefinition, tableDefinition } from "./table-definition.ts";

/** Round trips of some milliseconds each, and nothing that one waits for the other with. */
const GROUPS_IN_FLIGHT = 32;
const LIMITS = { ...PORTABLE_SIZES, singleOwner: false, groupsInFlight: GROUPS_IN_FLIGHT };

/** For a process that asks for its jobs, such as `serve` in a container. */
export function aws(options: AwsOptions = {}): EngineSource {
  return {
    name: "aws",
    limits: LIMITS,
    open: (host) => openAws(settledOptions(options, "aws()"), LIMITS, host),
  };
}

/** A store whose process is handed its jobs: for functions of AWS Lambda, which `spillway/lambda` makes of an app. */
export type DeliveredSource = Omit<EngineSource, "open"> & {
  open(host: EngineHost): Promise<DeliveredEngine>;
};

export function deliveredAws(options: AwsOptions = {}): DeliveredSource {
  return {
    name: "aws",
    limits: LIMITS,
    open: (host) => openHanded(settledOptions(options, "deliveredAws()"), LIMITS, host),
  };
}
