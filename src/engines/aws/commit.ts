/**
 * A group of changes: side by side where they have nothing to do with each other, one after another where they name
 * the same job or item. Each answers for itself.
 */
import type { Answer, AnswerOf, Change, Settlement } from "../../core/engine.ts";
import { SpillwayError } from "../../core/errors.ts";
import * as transition from "../../core/transition.ts";
import type { Claims } from "./claims.ts";
import { follow, type Opened, open, unopen, wayOfState } from "./jobs.ts";
import type { Settings } from "./settings.ts";
import { Settling, ticksOf } from "./settle.ts";
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
    const opening = new Opening(this.#store);
    const answers = changes.map((change) => {
      const keys = keysOf(change);
      const before = change.kind === "claim" ? [...all] : [EVERYTHING, ...keys].map((key) => last.get(key));
      // In the order of the changes, though not all of them are done in it.
      const tick = this.#store.ticks.take(change.kind === "settle" ? ticksOf(change.settlement) : 1);
      if (change.kind === "open") opening.expect();
      const answer = this.#after(before, () => this.#answer(change, tick, opening));
      for (const key of keys) last.set(key, answer);
      all.push(answer);
      return answer;
    });
    return Promise.all(answers);
  }

  async #after(
    before: readonly (Promise<unknown> | undefined)[],
    run: () => Promise<Answer>,
  ): Promise<Answer> {
    await Promise.all(before);
    try {
      return await run();
    } catch (error) {
      return refusal(error);
    }
  }

  #answer(change: Change, tick: number, opening: Opening): Promise<Answer> {
    const { retention } = this.#store;
    switch (change.kind) {
      case "open":
        return opening.opened(() => open(this.#store, change.call, tick));
      case "settle":
        return new Settling(this.#store, change.settlement, tick).settled();
      case "claim":
        return this.#claims.claim(change);
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

/** The opens of one commit: their rows are written first, then their messages are sent together, then all are answered. */
class Opening {
  readonly #store: Store;
  #expected = 0;
  #waiting: { readonly opened: Opened; readonly told: (sent: boolean) => void }[] = [];

  constructor(store: Store) {
    this.#store = store;
  }

  expect(): void {
    this.#expected++;
  }

  async opened(run: () => Promise<Opened>): Promise<AnswerOf<"open">> {
    let sent: Promise<boolean> | undefined;
    let result: Opened;
    try {
      result = await run();
      if (result.notice) sent = new Promise((told) => this.#waiting.push({ opened: result, told }));
    } finally {
      this.#expected--;
      if (this.#expected === 0 || this.#waiting.length >= MOST_MESSAGES) this.#send();
    }
    if (sent === undefined || (await sent)) return result.answer;
    return this.#unsent(result);
  }

  #send(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0) return;
    const notices = waiting.flatMap(({ opened }) => opened.notice ?? []);
    void this.#store.queues.send(notices).then((sent) => {
      for (const [place, { told }] of waiting.entries()) told(sent[place] === true);
    });
  }

  /** Nobody would be told of it: it is taken back, unless somebody has it already. */
  async #unsent({ answer, notice, stamp }: Opened): Promise<AnswerOf<"open">> {
    if (notice === undefined || stamp === undefined) return answer;
    const isGone = await unopen(this.#store, notice.id, stamp);
    if (!isGone) return answer;
    const detail = `The queue of "${notice.operation}" did not take the message of this call. Try again.`;
    return { kind: "refused", code: "storage-unavailable", detail };
  }
}

/** One request's worth: SQS takes no more at once. */
const MOST_MESSAGES = 10;

function refusal(error: unknown): Answer {
  const detail = error instanceof Error ? error.message : String(error);
  const isKnown = error instanceof SpillwayError && error.code !== "configuration";
  return { kind: "refused", code: isKnown ? error.code : "internal", detail } as Answer;
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
