/** What the streams and sockets of one running app share, and callers who wait. */
import { ANONYMOUS, type Principal } from "../core/job.ts";
import type { Runtime } from "../core/runtime.ts";
import { Looks } from "./looks.ts";
import { Ticker } from "./ticker.ts";
import { Watches } from "./watches.ts";

type Push = {
  readonly ticker: Ticker;
  readonly watches: Watches;
  readonly streams: OpenCount;
  readonly looks: Looks;
};

const pushes = new WeakMap<Runtime, Push>();

export function pushOf(runtime: Runtime): Push {
  const known = pushes.get(runtime);
  if (known) return known;
  const ticker = new Ticker(runtime.clock);
  const watches = new Watches(runtime, ticker);
  const push = { ticker, watches, streams: new OpenCount(), looks: new Looks(runtime) };
  pushes.set(runtime, push);
  return push;
}

const MOST_OPEN = 1_000;
/** All callers of an app without `authenticate` are this one. */
const MOST_OPEN_ANONYMOUS = 10_000;

/** How many streams, or sockets, each principal has open. */
export class OpenCount {
  readonly #open = new Map<Principal, number>();

  isFull(principal: Principal): boolean {
    return this.#of(principal) >= (principal === ANONYMOUS ? MOST_OPEN_ANONYMOUS : MOST_OPEN);
  }

  /** Returns the way to say that it is closed. */
  add(principal: Principal): () => void {
    this.#open.set(principal, this.#of(principal) + 1);
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      const left = this.#of(principal) - 1;
      if (left > 0) this.#open.set(principal, left);
      else this.#open.delete(principal);
    };
  }

  #of(principal: Principal): number {
    return this.#open.get(principal) ?? 0;
  }
}
