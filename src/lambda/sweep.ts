/** The function that is called each minute. */
import type { App } from "../app/app.ts";
import { deliveredAws } from "../engines/aws/index.ts";
import { type SweepHandler, sweepFunction } from "./sweep-function.ts";

export function sweep(app: App): SweepHandler {
  return sweepFunction(app, deliveredAws());
}
