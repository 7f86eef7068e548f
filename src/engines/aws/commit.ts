/**
 * A group of changes: side by side where they have nothing to do with each other, one after another where they name
 * the same job or item. Each answers for itself.
 */
import type { Answer, Change, Settlement } from "../../core/engine.ts";
import { SpillwayError } from "../../core/errors.ts";
import * as transition from "../../core/transition.ts";
import { type Claims, ticksOfClaim } from "./claims.ts";
import { follow, open, wayOfState } from "./jobs.ts";
import { Opening } from "./opening.ts";
import type { Settings } from "./settings.ts";
import { Settling, ticksOf } from "./settle.ts";
import { Known } from "./standings.ts";
import type { Store } from "./store.ts";

/** What claims, and what comes after a claim, waits for: everything before. */
const EVERYTHING = "";

export class Commits {
  readonly #store: Store;
  readonly #claims: Pick<Claims, "claim">;
  readonly #settings: Settings;

  constructor(store: Store, claims: Pick<Claims, "claim">, settings: Settings) {
    this.#store = store;
    this.#claims = claims;
    this.#settings = settings;
  }

  async commit(changes: readonly Change[]): Promise<readonly Answer[]> {
    const last = new Map<string, Promise<unknown>>();
    const all: Promise<unknown>[] = [];
    const known = new Known(this.#store.items);
    let opening = new Opening(this.#store);
    const answers = changes.map((change) => {
      const keys = keysOf(change);
      const isClaim = change.kind === "claim";
      const before = Promise.all(isClaim ? [...all] : [EVERYTHING, ...keys].map((key) => last.get(key)));
      // In the order of the changes, though not all of them are done in it.
      const tick = this.#store.ticks.take(ticksOfChange(change));
      if (change.kind === "open") {
        const row = before.then(() => open(this.#store, change.call, tick));
        const answer = opening.answered(change.call.id, row).catch(refusal);
        // Whoever comes next needs the row only; a claim wants to find the message, too.
        const written = row.catch(() => undefined);
        for (const key of keys) last.set(key, written);
        all.push(answer);
        return answer;
      }
      const answer = before.then(() => this.#answer(change, tick, known)).catch(refusal);
      for (const key of keys) last.set(key, answer);
      all.push(answer);
      if (isClaim) opening = new Opening(this.#store);
      return answer;
    });
    return Promise.all(answers);
  }

  #answer(change: Exclude<Change, { kind: "open" }>, tick: number, known: Known): Promise<Answer> {
    const { retention } = this.#store;
    switch (change.kind) {
      case "settle":
        return new Settling(this.#store, change.settlement, tick, known).settled();
      case "claim":
        return this.#claims.claim(change, tick);
      case "extend": {
        const { lease, leaseMs } = change;
        return this.#follow(lease.id, tick, (job, now) => ({
          ...transition.extend(job, lease.token, leaseMs, now),
          silent: true,
        }));
      }
      case "cancel":
        return this.#follow(change.ref.id, tick, (job, now) =>
          transition.cancel(job, change.ref, retention, now),
        );
      case "redrive":
        return this.#follow(change.id, tick, (job, now) => transition.redrive(job, change.delayMs, now));
      case "purge":
        return this.#follow(change.id, tick, (job) => transition.purge(job));
      case "set":
        return this.#settings.set(change.setting);
      case "audit":
        return this.#settings.note(change.entry, tick);
    }
  }

  #follow<A extends Answer>(
    id: string,
    tick: number,
    step: (
      job: Parameters<typeof transition.purge>[0],
      now: number,
    ) => transition.Transition<A> & { silent?: boolean },
  ): Promise<A> {
    return follow(
      this.#store,
      id,
      tick,
      (job, _, now) => step(job, now),
      (next, row) => wayOfState(this.#store, next, row),
    );
  }
}

function refusal(error: unknown): Answer {
  const detail = error instanceof Error ? error.message : String(error);
  const isKnown = error instanceof SpillwayError && error.code !== "configuration";
  return { kind: "refused", code: isKnown ? error.code : "internal", detail } as Answer;
}

function ticksOfChange(change: Change): number {
  if (change.kind === "settle") return ticksOf(change.settlement);
  return change.kind === "claim" ? ticksOfClaim(change) : 1;
}

/** Of what a change may alter or look at. */
function keysOf(change: Change): readonly string[] {
  switch (change.kind) {
    case "open":
      return [jobName(change.call.id)];
    case "settle":
      return settlementKeys(change.settlement);
    case "claim":
      return [EVERYTHING];
    case "extend":
      return [jobName(change.lease.id)];
    case "cancel":
      return [jobName(change.ref.id)];
    case "redrive":
    case "purge":
      return [jobName(change.id)];
    case "set":
      return [`setting ${change.setting.scope} ${change.setting.name}`];
    case "audit":
      return [];
  }
}

function settlementKeys({ lease, reads, writes, sends }: Settlement): readonly string[] {
  return [
    jobName(lease.id),
    ...[...reads, ...writes].map(({ table, key }) => `item ${table} ${key}`),
    ...sends.map(({ id }) => jobName(id)),
  ];
}

function jobName(id: string): string {
  return `job ${id}`;
}
