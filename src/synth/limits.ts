/**
 * Limits, and how each is divided for good between calls at once and the queue: there is no gate that all functions
 * could ask about both. Divides; judges nothing.
 */
import type { Asked, Choices, PlannedQueue } from "./plan.ts";

/** A limit with the operations under it. */
export type LimitUse = {
  readonly name: string;
  /** What people call it: the resource, or the operation whose own it is. */
  readonly title: string;
  readonly concurrency: number;
  readonly ratePerSecond: number | undefined;
  readonly users: readonly Asked[];
};

export type Division = LimitUse & {
  readonly atOnce: number;
  readonly queue: number;
};

type Share = NonNullable<Choices["shares"]>[string];

/** Every limit of these operations, by name. */
export function limitUses(asked: readonly Asked[]): readonly LimitUse[] {
  const uses = new Map<string, LimitUse & { readonly users: Asked[] }>();
  const under = (use: Omit<LimitUse, "users">, user: Asked) => {
    const known = uses.get(use.name) ?? { ...use, users: [] };
    known.users.push(user);
    uses.set(use.name, known);
  };
  for (const user of asked) {
    const { name, concurrency, resources } = user.spec;
    if (concurrency !== undefined) {
      under({ name: `operations/${name}`, title: name, concurrency, ratePerSecond: undefined }, user);
    }
    for (const resource of resources) {
      under({ ...resource, name: `resources/${resource.name}`, title: resource.name }, user);
    }
  }
  return [...uses.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What was chosen for a limit: by its whole name, or by the title, which a resource has before an operation. */
export function chosenShare({ name, title }: LimitUse, { shares = {} }: Choices): Share | undefined {
  return Object.hasOwn(shares, name)
    ? shares[name]
    : Object.hasOwn(shares, title)
      ? shares[title]
      : undefined;
}

/** Of what one limit has, how many its queue may use: all if nothing else does, half and the odd one otherwise. */
export function queueShare(use: LimitUse, choices: Choices): number {
  const { concurrency, users } = use;
  if (!users.some(({ queued }) => queued)) return 0;
  if (!users.some(({ atOnce }) => atOnce)) return concurrency;
  const chosen = chosenShare(use, choices);
  return chosen === undefined ? Math.ceil(concurrency / 2) : Math.max(0, concurrency - chosen.atOnce);
}

/** What a queue cannot use, since another of its limits is smaller, goes to calls at once, unless it was chosen. */
export function dividedLimits(
  uses: readonly LimitUse[],
  queues: readonly PlannedQueue[],
  choices: Choices,
): readonly Division[] {
  return uses.map((use) => {
    const carrying = queues.find(({ limits }) => limits.includes(use.name));
    const queue = carrying ? carrying.maximumConcurrency * carrying.parallel : 0;
    const isUsedAtOnce = use.users.some(({ atOnce }) => atOnce);
    const atOnce = chosenShare(use, choices)?.atOnce ?? use.concurrency - queue;
    return { ...use, atOnce: isUsedAtOnce ? Math.max(0, atOnce) : 0, queue };
  });
}
