/** Makes this process one of the nodes that keep their limits together, where the store is for many. */
import type { Engine } from "../core/engine.ts";
import { Grants } from "../core/grants.ts";
import type { Runtime } from "../core/runtime.ts";
import type { AppHost } from "./app.ts";

/** None for a process that comes and goes: it could not say in time that it is alive. */
export function grantsOf(
  engine: Engine | undefined,
  runtime: Pick<Runtime, "gate" | "clock" | "notifier" | "onError">,
  { node, machine, role = "all", timeLeftMs }: AppHost,
): Grants | undefined {
  const share = engine?.share?.bind(engine);
  if (!share || engine?.limits.singleOwner || timeLeftMs) return undefined;
  return new Grants(runtime.gate, runtime, {
    share,
    node: { id: node, host: machine ?? node, role, startedAt: runtime.clock.now() },
    report: () => "{}",
  });
}
