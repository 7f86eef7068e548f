/**
 * How a limit is divided between nodes: a pure function of what all of them hold and want. What others hold is theirs
 * until they give it back or their time is over, so the sum of what is held is never above the limit; who holds more
 * than its part is told so. Fair by demand: the least demand is met first. While both sides want more than there is,
 * jobs have half of the slots and calls at once a quarter at least, as within one node; what is too little to give
 * everybody one goes round.
 */
import type { Side } from "./budget.ts";
import type { LimitAsk } from "./share.ts";

/** What one node holds of a limit, and what it wanted when it last asked. */
export type Holding = {
  readonly node: string;
  readonly slots: number;
  /** What it was told that it should have. */
  readonly told: number;
  readonly inUse: number;
  readonly calls: number;
  readonly jobs: number;
  readonly spare: number;
  /** When it came to its first slot; while it has none, when it lost its last. */
  readonly since: number;
  /** Whom the slot was meant for, where there is but one. */
  readonly side: Side;
};

export type Division = {
  readonly holding: Holding;
  readonly target: number;
  /** Held idle by others, above their part. */
  readonly coming: number;
  /** Nodes that should look: they hold more than they should and do not know it, or there is room for them. */
  readonly tell: readonly string[];
};

/** For so long a node has what does not go round while others wait for it: a call at once cannot wait for long. */
export const TURN_MS = 200;
/** Any node will do for a job: while nobody wants a slot for calls, they change seldom. */
const JOBS_TURN_MS = 1_000;

/** Of a node that nobody has heard of. */
export function newcomer(node: string, now: number): Holding {
  const nothing = { slots: 0, told: 0, inUse: 0, calls: 0, jobs: 0, spare: 0 };
  return { node, ...nothing, since: now, side: "job" };
}

/** `others`: of the nodes whose time is not over. `before`: what the asking node held, in time. */
export function divide(
  limit: number,
  ask: Pick<LimitAsk, "inUse" | "keep" | "calls" | "jobs" | "spare">,
  before: Holding,
  others: readonly Holding[],
  now: number,
): Division {
  const { inUse, calls, jobs, spare } = ask;
  const asking = { ...before, inUse, calls, jobs, spare };
  const all = [asking, ...others].sort(byName);
  const { targets, sides } = parts(limit, all, now);
  const target = targets.get(asking.node) ?? 0;
  const free = limit - sum(others, ({ slots }) => slots);
  const slots = Math.max(ask.keep, Math.min(target, free));
  const isServed = slots > 0 && target > 0;
  const side = sides.get(asking.node) ?? before.side;
  const turned = (before.slots === 0) !== (slots === 0) || (limit === 1 && isServed && before.side !== side);
  const holding: Holding = {
    ...asking,
    slots,
    told: target,
    since: turned ? now : before.since,
    side: isServed ? side : before.side,
  };
  const isOver = (other: Holding) => other.slots > (targets.get(other.node) ?? 0);
  const late = others.filter((other) => isOver(other) && other.told > (targets.get(other.node) ?? 0));
  const isShort = target > slots;
  const left = free - slots;
  const waiting = others.filter((other) => other.slots < (targets.get(other.node) ?? 0));
  return {
    holding,
    target,
    coming: isShort
      ? Math.min(
          target - slots,
          sum(late, (other) => idleOf(other, targets)),
        )
      : 0,
    tell: [...(isShort ? late : []), ...(left > 0 ? waiting : [])].map(({ node }) => node),
  };
}

function idleOf(other: Holding, targets: ReadonlyMap<string, number>): number {
  return other.slots - Math.max(other.inUse, targets.get(other.node) ?? 0);
}

type Parts = {
  readonly targets: ReadonlyMap<string, number>;
  /** Whom a slot is for that is given in turn. */
  readonly sides: ReadonlyMap<string, Side>;
};

/** What each should have: what it wants of its sides' parts, and of what is left over some to have at hand. */
function parts(limit: number, all: readonly Holding[], now: number): Parts {
  const calls = sum(all, (one) => one.calls);
  const jobs = sum(all, (one) => one.jobs);
  const forCalls = Math.min(calls, limit - Math.min(jobs, Math.ceil(limit / 2)));
  const turnOver = now - (calls > 0 ? TURN_MS : JOBS_TURN_MS);
  if (all.filter((one) => one.calls + one.jobs > 0).length > limit) {
    const first = limit === 1 && calls > 0 && jobs > 0 ? sideInTurn(all, turnOver) : undefined;
    return rounds(limit, first ? Number(first === "call") : forCalls, all, turnOver);
  }
  const targets = new Map(all.map(({ node }) => [node, 0]));
  fill(forCalls, all, (one) => one.calls, targets, turnOver);
  fill(limit - forCalls, all, (one) => one.jobs, targets, turnOver);
  const left = limit - sum([...targets.values()], (slots) => slots);
  fill(left, all, (one) => one.spare, targets, Number.NEGATIVE_INFINITY);
  return { targets, sides: new Map() };
}

/** Where there is not one for each: one for so many, of each side, until their time is over. */
function rounds(limit: number, forCalls: number, all: readonly Holding[], turnOver: number): Parts {
  const sides = new Map<string, Side>();
  const isInTurn = (one: Holding) => one.slots > 0 && one.since > turnOver && wantedBy(one, one.side) > 0;
  const rank = (one: Holding) => (isInTurn(one) ? 0 : one.slots === 0 ? 1 : 2);
  const inLine = all.toSorted((a, b) => rank(a) - rank(b) || a.since - b.since || byName(a, b));
  const choose = (side: Side, room: number, isFor: (one: Holding) => boolean) => {
    const waiting = inLine.filter((one) => !sides.has(one.node) && wantedBy(one, side) > 0 && isFor(one));
    for (const { node } of waiting.slice(0, room)) sides.set(node, side);
  };
  // Who is in its turn has it for the side it was given it for, and takes none of the other's.
  choose("call", forCalls, (one) => !isInTurn(one) || one.side === "call");
  choose("job", limit - forCalls, (one) => !isInTurn(one) || one.side === "job");
  for (const side of ["call", "job"] as const) choose(side, limit - sides.size, () => true);
  return { targets: new Map(all.map(({ node }) => [node, sides.has(node) ? 1 : 0])), sides };
}

function wantedBy(one: Holding, side: Side): number {
  return side === "call" ? one.calls : one.jobs;
}

/** Whose turn it is where there is one slot: the other side's, once this one has had it for its time. */
function sideInTurn(all: readonly Holding[], turnOver: number): Side {
  const last =
    all.find(({ slots }) => slots > 0) ??
    all.reduce((latest, one) => (one.since > latest.since ? one : latest));
  if (last.slots > 0 && last.since > turnOver) return last.side;
  return last.side === "call" ? "job" : "call";
}

/** The least demand first, the others alike. Who has had something since before `turnOver` lets others have it. */
function fill(
  room: number,
  all: readonly Holding[],
  wanted: (one: Holding) => number,
  targets: Map<string, number>,
  turnOver: number,
): void {
  const wanting = all.filter((one) => wanted(one) > 0).sort((a, b) => wanted(a) - wanted(b));
  let left = room;
  for (const [place, one] of wanting.entries()) {
    const each = Math.floor(left / (wanting.length - place));
    if (wanted(one) > each) {
      share(left, wanting.slice(place), targets, turnOver);
      return;
    }
    give(one, wanted(one), targets);
    left -= wanted(one);
  }
}

/** Alike to all, who want more than that; what cannot be divided goes to those who are first in line. */
function share(
  left: number,
  alike: readonly Holding[],
  targets: Map<string, number>,
  turnOver: number,
): void {
  const each = Math.floor(left / alike.length);
  const inLine = alike.toSorted(each > 0 ? steadily : inTurn(targets, turnOver));
  for (const [place, one] of inLine.entries()) {
    give(one, each + (place < left - each * alike.length ? 1 : 0), targets);
  }
}

/** Whoever has more keeps it, so that nothing moves while nothing changes. */
function steadily(a: Holding, b: Holding): number {
  return b.slots - a.slots || byName(a, b);
}

/** Who has not had its time yet; then who has waited longest; at last who has had it. */
function inTurn(targets: ReadonlyMap<string, number>, turnOver: number) {
  const rank = (one: Holding) => {
    if ((targets.get(one.node) ?? 0) > 0) return 3;
    if (one.slots === 0) return 1;
    return one.since > turnOver ? 0 : 2;
  };
  return (a: Holding, b: Holding): number => rank(a) - rank(b) || a.since - b.since || byName(a, b);
}

function give({ node }: Holding, slots: number, targets: Map<string, number>): void {
  targets.set(node, (targets.get(node) ?? 0) + slots);
}

function byName(a: Holding, b: Holding): number {
  return a.node < b.node ? -1 : 1;
}

function sum<T>(all: readonly T[], count: (one: T) => number): number {
  return all.reduce((total, one) => total + count(one), 0);
}
