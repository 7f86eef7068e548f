/** Where a call at once gets its slot: at this process's gate, and elsewhere where processes keep a limit together. */
import type { Slot } from "../core/gate.ts";
import type { AnySpec } from "../core/operation.ts";
import type { Runtime } from "../core/runtime.ts";
import type { Shares } from "../core/share.ts";
import type { Soon } from "../core/soon.ts";
import { sharedSlot } from "./shared-slot.ts";

export type NoSlot = "saturated" | "paused" | "draining" | "storage-unavailable";
export type CallSlot = Slot | { readonly kind: NoSlot };

/** At once, unless others have to be asked first. */
export function callSlot(spec: AnySpec, runtime: Runtime): Soon<CallSlot> {
  const { gate, drain, grants, store } = runtime;
  if (drain.begun) return { kind: "draining" };
  const slot = gate.take(spec.name, "call");
  if (slot.kind === "saturated" && grants) return granted(spec, runtime);
  const shares = store?.engine.shares;
  return slot.kind === "slot" && shares ? shared(slot, shares, spec, runtime) : slot;
}

function granted({ name }: AnySpec, { gate, grants, drain }: Runtime): Soon<CallSlot> {
  const isBlind = (): boolean => grants?.isBlind === true;
  if (!grants || !gate.mayGrow(name)) return { kind: isBlind() ? "storage-unavailable" : "saturated" };
  return grants.slot(name).then((slot) => {
    if (drain.begun) {
      // Nobody waits for handlers that begin now.
      if (slot.kind === "slot") slot.giveBack();
      return { kind: "draining" };
    }
    return slot.kind === "saturated" && isBlind() ? { kind: "storage-unavailable" } : slot;
  });
}

async function shared(slot: Slot, shares: Shares, spec: AnySpec, runtime: Runtime): Promise<CallSlot> {
  return (await sharedSlot(slot, shares, spec, runtime)) ?? { kind: "saturated" };
}
