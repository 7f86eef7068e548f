/** A slot here and a share elsewhere, held and given back as one: where several processes keep a limit together. */

import type { Slot } from "../core/gate.ts";
import type { AnySpec } from "../core/operation.ts";
import { graceMs } from "../core/perform.ts";
import type { Runtime } from "../core/runtime.ts";
import type { Share, Shares } from "../core/share.ts";

/** Undefined: no share is free, or the store cannot tell. Then the slot has been given back. */
export async function sharedSlot(
  slot: Slot,
  shares: Shares,
  spec: AnySpec,
  { leaseMs, onError }: Runtime,
): Promise<Slot | undefined> {
  try {
    // For as long as a handler may be at it, even one that ignores its signal: else it would be another's before.
    const share = await shares.take(spec.name, Math.max(spec.timeoutMs, leaseMs) + graceMs(spec));
    if (share) return new SharedSlot(slot, share);
  } catch (error) {
    onError(error);
  }
  slot.giveBack();
  return undefined;
}

class SharedSlot implements Slot {
  readonly kind = "slot";
  readonly #slot: Slot;
  #share: Share | undefined;

  constructor(slot: Slot, share: Share) {
    this.#slot = slot;
    this.#share = share;
  }

  release(): void {
    this.#slot.release();
    this.#free();
  }

  giveBack(): void {
    this.#slot.giveBack();
    this.#free();
  }

  #free(): void {
    this.#share?.release();
    this.#share = undefined;
  }
}
