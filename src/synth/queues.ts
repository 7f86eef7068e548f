/**
 * The queues of an app, and the numbers of each. Operations that share a limit share a queue, since AWS can hold a
 * limit for one queue and not across two. Judges nothing: what comes out impossible is found by refusals.ts.
 */
import { FREE_THROTTLES } from "../core/decide.ts";
import { LEAST_INVOCATIONS, MOST_INVOCATIONS, OVERHEAD_S } from "./bounds.ts";
import { type LimitUse, queueShare } from "./limits.ts";
import { idsOf } from "./names.ts";
import type { Asked, Choices, PlannedQueue } from "./plan.ts";

const MOST_IN_BATCH = 10;
/** Above it a batch grows no longer: its messages stay hidden for six times as long when a function dies. */
const LONG_BATCH_S = 120;
const MOST_RECEIVES = 1_000;
/** Deliveries that come to nothing: repeats, throttled functions, functions that died. */
const SPARE_RECEIVES = 20;

export type Sizes = Pick<PlannedQueue, "maximumConcurrency" | "parallel">;
type Component = { readonly users: readonly Asked[]; readonly limits: readonly LimitUse[] };

export function queuesOf(
  asked: readonly Asked[],
  uses: readonly LimitUse[],
  choices: Choices,
): readonly PlannedQueue[] {
  const components = componentsOf(
    asked.filter(({ queued }) => queued),
    uses,
  );
  const titles = components.map((component) => firstOf(component).title);
  const names = components.map((component, place) => {
    const title = titles[place] as string;
    return titles.indexOf(title) === titles.lastIndexOf(title) ? title : firstOf(component).name;
  });
  const ids = idsOf(names);
  return components.map((component, place) => {
    const name = names[place] as string;
    return queueOf(component, name, ids.get(name) as string, choices);
  });
}

/** Those that share a limit, by whichever chain. */
function componentsOf(queued: readonly Asked[], uses: readonly LimitUse[]): readonly Component[] {
  let components: readonly Component[] = queued.map((user) => ({ users: [user], limits: [] }));
  for (const use of uses) {
    const isUnder = ({ users }: Component) => users.some((user) => use.users.includes(user));
    const joined = components.filter(isUnder);
    if (joined.length === 0) continue;
    const users = joined.flatMap((component) => component.users);
    const limits = [...joined.flatMap((component) => component.limits), use];
    components = [...components.filter((component) => !isUnder(component)), { users, limits }];
  }
  return [...components].sort((a, b) => (firstOf(a).name < firstOf(b).name ? -1 : 1));
}

/** Each limit belongs to one component, so that its first one names it; an operation's own after all resources. */
function firstOf({ limits }: Component): LimitUse {
  return (limits.find(({ name }) => name.startsWith("resources/")) ?? limits[0]) as LimitUse;
}

function queueOf({ users, limits }: Component, name: string, id: string, choices: Choices): PlannedQueue {
  const share = Math.min(...limits.map((limit) => queueShare(limit, choices)));
  const sizes = sizesFor(share, choices.parallel ?? MOST_IN_BATCH);
  const longestS = Math.max(...users.map(({ spec }) => spec.timeoutMs)) / 1_000;
  const windowSeconds = choices.windowSeconds ?? 0;
  const batchSize = batchFor(sizes.parallel, longestS);
  const functionTimeoutSeconds = Math.ceil(Math.ceil(batchSize / sizes.parallel) * longestS + OVERHEAD_S);
  return {
    name,
    id,
    operations: users.map(({ spec }) => spec.name).sort(),
    limits: limits.map((limit) => limit.name).sort(),
    share,
    ...sizes,
    batchSize,
    windowSeconds,
    functionTimeoutSeconds,
    visibilitySeconds: 6 * functionTimeoutSeconds + windowSeconds,
    maxReceiveCount: Math.min(MOST_RECEIVES, Math.max(...users.map(receivesOf))),
  };
}

/** As many jobs at once as the share allows; of equal ways the one with fewer invocations, which are paid for. */
export function sizesFor(share: number, mostParallel: number): Sizes {
  let best: Sizes = { maximumConcurrency: LEAST_INVOCATIONS, parallel: 1 };
  let most = 0;
  for (let parallel = Math.min(mostParallel, MOST_IN_BATCH); parallel >= 1; parallel--) {
    const maximumConcurrency = Math.min(MOST_INVOCATIONS, Math.floor(share / parallel));
    if (maximumConcurrency < LEAST_INVOCATIONS || maximumConcurrency * parallel <= most) continue;
    best = { maximumConcurrency, parallel };
    most = maximumConcurrency * parallel;
  }
  return best;
}

/** In whole rounds of parallel jobs: one at least, and more while the worst batch stays short. */
function batchFor(parallel: number, longestS: number): number {
  const rounds = Math.max(1, Math.floor((LONG_BATCH_S - OVERHEAD_S) / longestS));
  return Math.min(MOST_IN_BATCH, rounds * parallel);
}

/** A message is received once for each attempt and for each throttle that costs none. */
function receivesOf({ spec }: Asked): number {
  return spec.retry.maxAttempts * (1 + FREE_THROTTLES) + SPARE_RECEIVES;
}
