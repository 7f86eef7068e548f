/** Limits that several nodes share, and the nodes: what each holds, until when. Kept as the engine is: in memory. */
import type { EngineHost, Setting } from "../../core/engine.ts";
import { limitsOf } from "../../core/notifier.ts";
import type { LimitAsk, LimitName, NodeRecord, ShareAnswer, ShareRequest } from "../../core/share.ts";
import { askOf, type HeldLimit, heirsOf, type SharedLimit } from "../../core/shared-limit.ts";
import type { Bucket } from "../../core/starts.ts";

type Kept = { readonly held: Map<string, HeldLimit>; bucket: Bucket | undefined };
type Known = Omit<NodeRecord, "lost"> & {
  readonly number: number;
  readonly until: number;
  /** Kept for a while all the same: one of its requests may still come. */
  readonly hasLeft: boolean;
};

/** A node that is lost is shown for so long. */
const SHOWN_MS = 600_000;

export class Grants {
  readonly #hint: EngineHost["hint"];
  readonly #limits = new Map<string, Kept>();
  readonly #nodes = new Map<string, Known>();

  constructor(hint: EngineHost["hint"]) {
    this.#hint = hint;
  }

  share(request: ShareRequest, settings: ReadonlyMap<string, Setting>, now: number): ShareAnswer {
    const { node, number, forMs, report } = request;
    const last = this.#nodes.get(node.id);
    if (last && last.number >= number) return { limits: [], passed: true };
    const hasLeft = request.leaves === true;
    this.#nodes.set(node.id, { ...node, number, seenAt: now, until: now + forMs, report, hasLeft });
    if (hasLeft) return this.#leave(node.id, now);
    const tell = new Set<string>();
    const limits = request.limits.map((ask) => {
      const kept = this.#kept(ask);
      const asked = askOf(sharedLimit(kept, ask, settings), ask, request, now);
      if (asked.held) kept.held.set(node.id, asked.held);
      else kept.held.delete(node.id);
      kept.bucket = asked.bucket ?? kept.bucket;
      for (const other of asked.tell) tell.add(other);
      return asked.grant;
    });
    this.#tell(tell);
    return { limits };
  }

  nodes(now: number): readonly NodeRecord[] {
    for (const [id, { until }] of this.#nodes) if (now - until > SHOWN_MS) this.#nodes.delete(id);
    const there = [...this.#nodes.values()].filter(({ hasLeft }) => !hasLeft);
    return there.map(({ number: _, until, hasLeft: __, ...node }) => ({ ...node, lost: until <= now }));
  }

  #leave(id: string, now: number): ShareAnswer {
    const heirs = new Set<string>();
    for (const { held } of this.#limits.values()) {
      if (!held.delete(id)) continue;
      for (const heir of heirsOf([...held.values()], id, now)) heirs.add(heir);
    }
    this.#tell(heirs);
    return { limits: [] };
  }

  #tell(nodes: Iterable<string>): void {
    for (const node of nodes) this.#hint?.("control", limitsOf(node));
  }

  #kept({ scope, name }: LimitName): Kept {
    const key = `${scope} ${name}`;
    const known = this.#limits.get(key);
    if (known) return known;
    const kept = { held: new Map(), bucket: undefined };
    this.#limits.set(key, kept);
    return kept;
  }
}

function sharedLimit(
  { held, bucket }: Kept,
  { scope, name }: LimitAsk,
  settings: ReadonlyMap<string, Setting>,
): SharedLimit {
  const set = [...settings.values()].find((one) => one.scope === scope && one.name === name);
  return { held: [...held.values()], bucket, set: set?.concurrency ?? null };
}
