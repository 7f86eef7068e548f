/** `GET /admin/operations/{name}`: an entry of the list, and what a call takes: enough to draw a form for it. */
import type { AnySpec } from "../../core/operation.ts";
import type { Runtime } from "../../core/runtime.ts";
import { inputSchemaOf } from "../../core/schema.ts";
import type { Reply } from "../exchange.ts";
import { overview } from "./figures.ts";
import { answer } from "./lists.ts";
import { unknownEntry } from "./settings.ts";

export async function operationRoute(name: string, runtime: Runtime): Promise<Reply> {
  const entry = (await overview(runtime)).operations.find((one) => one.name === name);
  if (!entry) throw unknownEntry("operation", name);
  const spec = runtime.operations.get(name)?.spec;
  return answer(JSON.stringify({ ...entry, ...(spec && takenBy(spec)) }));
}

function takenBy({ route, keyRequired, inputBytes, backlog, timeoutMs, retry, input }: AnySpec) {
  return {
    route: route ?? null,
    idempotency: keyRequired ? "required" : "optional",
    inputBytes,
    backlog: backlog ?? null,
    timeoutMs,
    retry,
    inputSchema: inputSchemaOf(input) ?? null,
  };
}
