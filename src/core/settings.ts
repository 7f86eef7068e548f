/** What operators paused or limited: what a change makes of it, and how it comes from the store into force. */
import type { Setting, SettingChange } from "./engine.ts";
import type { Gate } from "./gate.ts";
import type { Runtime } from "./runtime.ts";

/** What is not named stays as it is kept, or as it is declared. */
export function altered(kept: Setting | undefined, change: SettingChange): Setting {
  return { paused: false, concurrency: null, ...kept, ...change };
}

type Reads = { begun: number; inForce: number };
const reads = new WeakMap<Gate, Reads>();

/**
 * Brings them from the store to the gate: they outlive a restart, and come from any node. Whatever was kept before this
 * is called is in force when it resolves, also where a read that began sooner ends later.
 */
export async function readSettings({ store, gate }: Runtime): Promise<void> {
  if (!store) return;
  const known = reads.get(gate) ?? { begun: 0, inForce: 0 };
  reads.set(gate, known);
  const number = ++known.begun;
  const settings = await store.engine.settings();
  if (number < known.inForce) return;
  known.inForce = number;
  for (const setting of settings) gate.set(setting);
}
