/** One limit that nodes share, as a store keeps it: what an ask makes of it. Pure; a store locks it meanwhile. */
import type { LimitAsk, LimitGrant, ShareRequest } from "./share.ts";
import { divide, type Holding, newcomer } from "./sharing.ts";
import { type Bucket, draw, fullBucket } from "./starts.ts";

export type HeldLimit = Holding & {
  /** As its app declares it. */
  readonly concurrency: number | null;
  /** When it last asked, and until when it holds what it was granted. */
  readonly askedAt: number;
  readonly until: number;
  /** Since when it has found no start; `null`: it has what it wants. */
  readonly thirstySince: number | null;
};

export type SharedLimit = {
  /** Of every node that is not known to be gone, whether its time is over or not. */
  readonly held: readonly HeldLimit[];
  /** What operators set; `null`: what is declared is in force. */
  readonly set: number | null;
  readonly bucket: Bucket | undefined;
};

export type Asked = {
  /** To be kept; undefined: nothing of this node's. */
  readonly held: HeldLimit | undefined;
  readonly bucket: Bucket | undefined;
  readonly grant: LimitGrant;
  /** Nodes that should look at their limits. */
  readonly tell: readonly string[];
};

/** Who has not asked for a start for so long does not wait for one any more. */
const THIRST_MS = 1_000;

/** @param request which `ask` is a part of */
export function askOf(
  limit: SharedLimit,
  ask: LimitAsk,
  { node: { id: node }, forMs, unheardMs = 0 }: Pick<ShareRequest, "node" | "forMs" | "unheardMs">,
  now: number,
): Asked {
  const alive = limit.held.filter(({ until }) => until > now - unheardMs);
  const others = alive.filter((one) => one.node !== node);
  const known = alive.find((one) => one.node === node);
  const inForce = limit.set ?? leastOf([ask, ...others]);
  const division = divide(inForce, ask, known ?? newcomer(node, now), others, now);
  const drawn = drawnBy(ask, limit.bucket, known, others, now);
  const { holding, target, coming, tell } = division;
  const thirstySince = drawn && drawn.startInMs > 0 ? (known?.thirstySince ?? now) : null;
  const { scope, name, concurrency } = ask;
  const held = { ...holding, concurrency, askedAt: now, until: now + forMs, thirstySince };
  const isNothing = held.slots + held.calls + held.jobs + held.spare === 0 && thirstySince === null;
  return {
    held: isNothing ? undefined : held,
    bucket: drawn?.bucket,
    grant: {
      scope,
      name,
      slots: held.slots,
      target,
      coming,
      starts: drawn?.starts ?? 0,
      startInMs: drawn?.startInMs ?? 0,
    },
    tell,
  };
}

/** Of one that leaves: whoever wants more than it has. */
export function heirsOf(held: readonly HeldLimit[], node: string, now: number): readonly string[] {
  const short = held.filter(
    (one) => one.node !== node && one.until > now && one.slots < one.calls + one.jobs,
  );
  return short.map((one) => one.node);
}

/** While nodes of two versions run, the smaller limit holds. */
function leastOf(all: readonly { readonly concurrency: number | null }[]): number {
  return Math.min(...all.map(({ concurrency }) => concurrency ?? Number.MAX_SAFE_INTEGER));
}

function drawnBy(
  { rate }: LimitAsk,
  bucket: Bucket | undefined,
  known: HeldLimit | undefined,
  others: readonly HeldLimit[],
  now: number,
) {
  if (!rate) return undefined;
  const since = known?.thirstySince ?? now;
  const before = others.filter(
    ({ thirstySince, askedAt }) => thirstySince !== null && thirstySince < since && now - askedAt < THIRST_MS,
  );
  return draw(bucket ?? fullBucket(rate.perSecond, now), rate.perSecond, rate, before.length, now);
}
