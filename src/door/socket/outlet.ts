/**
 * The sending side of one socket. Pushes and answers wait while the peer has much to read, so that a burst is no
 * crime; who does not read on is closed rather than buffered for.
 */
import type { Clock, Timer } from "../../core/clock.ts";
import type { SocketPeer } from "../exchange.ts";

/** Close codes that docs/wire.md §3 names. */
export const CLOSE = {
  TOO_LARGE: 1009,
  INTERNAL: 1011,
  RESTART: 1012,
  TOO_SLOW: 1013,
  EXPIRED: 4401,
} as const;

/** Beyond this, who can wait waits. */
const CROWDED_BYTES = 256 * 1024;
const MOST_BYTES = 1024 * 1024;
/** Below the 10 s in which a final state is promised. */
const CROWDED_TICKS = 8;
const ROOM_AGAIN_MS = 25;

export class Outlet {
  readonly #peer: SocketPeer;
  readonly #clock: Clock;
  readonly #onClose: () => void;
  readonly #waiting = new Set<() => void>();
  #timer: Timer | undefined;
  #crowdedTicks = 0;
  #closed = false;

  constructor(peer: SocketPeer, clock: Clock, onClose: () => void) {
    this.#peer = peer;
    this.#clock = clock;
    this.#onClose = onClose;
  }

  get closed(): boolean {
    return this.#closed;
  }

  send(text: string): void {
    if (!this.#closed && this.#bears()) this.#peer.send(text);
  }

  /** Whether there is room for a push now; if not, `whenRoom` is called once there is, but never on a closed socket. */
  admits(whenRoom: () => void): boolean {
    if (this.#closed || !this.#bears()) return false;
    if (this.#peer.buffered <= CROWDED_BYTES) return true;
    this.#waiting.add(whenRoom);
    this.#timer ??= this.#lookSoon();
    return false;
  }

  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#peer.close(code, reason);
    this.closedByPeer();
  }

  closedByPeer(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#waiting.clear();
    this.#onClose();
  }

  tick(): void {
    if (!this.#bears()) return;
    this.#crowdedTicks = this.#waiting.size === 0 ? 0 : this.#crowdedTicks + 1;
    if (this.#crowdedTicks >= CROWDED_TICKS) this.#closeSlow();
  }

  #bears(): boolean {
    if (this.#peer.buffered <= MOST_BYTES) return true;
    this.#closeSlow();
    return false;
  }

  #closeSlow(): void {
    this.close(CLOSE.TOO_SLOW, "You read too slowly; come again and resume.");
  }

  /** A timer of its own only while a peer lags. */
  #lookSoon(): Timer {
    return this.#clock.after(ROOM_AGAIN_MS, () => {
      this.#timer = undefined;
      if (!this.#bears()) return;
      if (this.#peer.buffered > CROWDED_BYTES) {
        this.#timer = this.#lookSoon();
        return;
      }
      this.#crowdedTicks = 0;
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      // Whoever finds it crowded again waits again.
      for (const run of waiting) run();
    });
  }
}
