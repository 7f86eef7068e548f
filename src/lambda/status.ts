/** The function that shows receipts and does nothing else: its role need only read the table. */
import type { App } from "../app/app.ts";
import type { Engine } from "../core/engine.ts";
import type { SourceOf } from "./host.ts";
import { type HttpFunction, httpOn } from "./http.ts";

export function statusOn<E extends Engine>(app: App, source: SourceOf<E>): HttpFunction {
  return httpOn(app, source, { role: "status" });
}
