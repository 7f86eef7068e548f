/** What operators paused or limited, brought from the store to the gate: it outlives a restart, and comes from any node. */
import type { Runtime } from "../core/runtime.ts";

export async function readSettings({ store, gate }: Runtime): Promise<void> {
  for (const setting of (await store?.engine.settings()) ?? []) {
    const { scope, name, paused, concurrency } = setting;
    const inForce = gate.setting(scope, name);
    // To set one calls everybody who waits for room, which is nothing to do once a second for the same again.
    if (inForce?.paused !== paused || inForce.concurrency !== concurrency) gate.set(setting);
  }
}
