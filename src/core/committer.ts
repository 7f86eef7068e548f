/**
 * Group commit: whatever arrives while one group is being committed is the next group. No timer: a lone change
 * waits for nobody, and a crowd shares one fsync. Also knows how far behind the store is, which is what the door
 * asks before it takes on more.
 */
import type { Clock } from "./clock.ts";
import type { Answer, AnswerOf, Change, Engine, NewCall, Settlement } from "./engine.ts";
import { announce, type Notifier } from "./notifier.ts";
import { statementBytes } from "./sizes.ts";
import type { SqlTransaction } from "./sql-transaction.ts";

type Waiting = {
  readonly change: Change;
  readonly bytes: number;
  readonly at: number;
  readonly answered: (answer: Answer) => void;
};

/** Changes and bytes of one group. Larger ones only delay whoever waits for them. */
const GROUP_CHANGES = 1_024;
const GROUP_BYTES = 4 * 1024 * 1024;
/**
 * Outcomes in a group that others wait to be opened in; as many as those, where they are more, so that a drain keeps
 * up with what is accepted. Each frees a slot for the next run, and that run's time is what an accept waits for: with
 * 64, accepting beside a full-speed drain keeps half of its rate, with 128 or more a third.
 */
const OUTCOMES_BESIDE_OPENS = 64;
/** More where a group takes long anyway, as on a slow disk: at 6 to 8 µs each they make it longer by a third at most. */
const OUTCOMES_A_MS = 40;
const GROUP_MS_WEIGHT = 0.1;
/** Groups without opens after which a drain may have whole groups again. */
const GROUPS_BETWEEN_OPENS = 3;
/** Beyond this much waiting, or this long, new work is refused until the store has caught up. */
const MOST_WAITING_BYTES = 64 * 1024 * 1024;
const MOST_WAITING_MS = 2_000;
const CHANGE_BYTES = 200;

export class Committer {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #notifier: Notifier;
  /** Settlements free what others wait for, so they go first; but they leave room for the opens. */
  readonly #first: Waiting[] = [];
  readonly #opens: Waiting[] = [];
  /** Claims go last, so that they find what the same group opens. */
  readonly #claims: Waiting[] = [];
  #waitingBytes = 0;
  #inFlight = 0;
  #beside = 0;
  #scheduled = false;
  /** The last group left opens behind, so that claims which were submitted with them came too early. */
  #overflowed = false;
  /** Opens in the last group that had any, unless that was too long ago to expect more. */
  #opensLately = 0;
  #groupsWithout = 0;
  /** What a group takes, averaged over the last few. */
  #groupMs = 0;
  #idle: (() => void)[] = [];
  /** For the benches and the guard against regressions. */
  groups = 0;

  constructor(engine: Engine, clock: Clock, notifier: Notifier) {
    this.#engine = engine;
    this.#clock = clock;
    this.#notifier = notifier;
  }

  submit<C extends Change>(change: C): Promise<AnswerOf<C["kind"]>> {
    return new Promise((resolve) => this.put(change, resolve));
  }

  /** The same without a promise, where there are many: called once, when the answer is there, and must not throw. */
  put<C extends Change>(change: C, answered: (answer: AnswerOf<C["kind"]>) => void): void {
    const bytes = bytesOf(change);
    const queue = change.kind === "open" ? this.#opens : change.kind === "claim" ? this.#claims : this.#first;
    queue.push({
      change,
      bytes,
      at: this.#clock.monotonic(),
      answered: answered as (answer: Answer) => void,
    });
    this.#waitingBytes += bytes;
    // First the hint: who claims on it does so before the group leaves.
    if (change.kind === "open" && isSurelyNew(change.call)) this.#hint(change.call);
    this.#schedule();
  }

  /** In a transaction of its own, beside all groups; told of like any other. */
  settleIn(
    transaction: SqlTransaction,
    settlement: Settlement,
    answered: (answer: AnswerOf<"settle">) => void,
  ): void {
    this.#beside++;
    const settled = transaction.settle(settlement).catch(refusedBecause);
    void settled.then((answer) => {
      this.#beside--;
      this.#answer({ kind: "settle", settlement }, answer, false, answered as (answer: Answer) => void);
      this.#rest();
    });
  }

  /** Whether the store is too far behind to take on more. */
  get congested(): boolean {
    if (this.#waitingBytes > MOST_WAITING_BYTES) return true;
    const oldest = Math.min(this.#first[0]?.at ?? Infinity, this.#opens[0]?.at ?? Infinity);
    return this.#clock.monotonic() - oldest > MOST_WAITING_MS;
  }

  /** Outcomes that wait for their commit. */
  get unsettled(): number {
    return this.#first.length;
  }

  /** Resolves when nothing waits and nothing is under way. */
  async drained(): Promise<void> {
    if (this.#isIdle) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  get #waiting(): number {
    return this.#first.length + this.#opens.length + this.#claims.length;
  }

  #schedule(): void {
    if (this.#scheduled || this.#inFlight >= this.#engine.limits.groupsInFlight) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (this.#waiting > 0) void this.#commit(this.#group());
    });
  }

  #group(): readonly Waiting[] {
    const group: Waiting[] = [];
    this.#watchOpens();
    const share = this.#opensLately > 0 ? 2 : 1;
    const beside = Math.max(this.#opensLately, OUTCOMES_BESIDE_OPENS, this.#groupMs * OUTCOMES_A_MS);
    const outcomes = this.#opensLately > 0 ? beside : GROUP_CHANGES;
    take(this.#first, group, Math.min(outcomes, GROUP_CHANGES / share), GROUP_BYTES / share);
    take(this.#opens, group, GROUP_CHANGES, GROUP_BYTES);
    // Small, two at the most, and what all the others wait for in the end: never left behind.
    group.push(...this.#claims.splice(0));
    for (const { bytes } of group) this.#waitingBytes -= bytes;
    return group;
  }

  /**
   * The next group leaves before anyone is answered, so those who call again at once are never in it: a group without
   * opens that took all it could would make them wait for it.
   */
  #watchOpens(): void {
    if (this.#opens.length > 0) {
      this.#opensLately = this.#opens.length;
      this.#groupsWithout = 0;
    } else if (++this.#groupsWithout > GROUPS_BETWEEN_OPENS) this.#opensLately = 0;
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    this.#inFlight++;
    this.groups++;
    const late = this.#overflowed;
    this.#overflowed = this.#opens.length > 0;
    const begunAt = this.#clock.monotonic();
    const answers = await this.#answers(group.map(({ change }) => change));
    this.#groupMs += (this.#clock.monotonic() - begunAt - this.#groupMs) * GROUP_MS_WEIGHT;
    this.#inFlight--;
    // The next group leaves before anyone is answered: the store works while we do.
    if (this.#waiting > 0) void this.#commit(this.#group());
    for (let i = 0; i < group.length; i++) {
      const { change, answered } = group[i] as Waiting;
      this.#answer(change, answers[i] as Answer, late, answered);
    }
    this.#rest();
  }

  #answer(change: Change, answer: Answer, late: boolean, answered: (answer: Answer) => void): void {
    try {
      this.#tell(change, answer, late);
      answered(answer);
    } catch (error) {
      // A mistake of ours, which ends the process; but first the others are answered.
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  get #isIdle(): boolean {
    return this.#inFlight + this.#beside === 0 && this.#waiting === 0;
  }

  #rest(): void {
    if (this.#isIdle) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** An engine rejects what it could not even begin, as a value that cannot be sent to its thread: one by one, then. */
  async #answers(changes: readonly Change[]): Promise<readonly Answer[]> {
    try {
      return await this.#engine.commit(changes);
    } catch (error) {
      if (changes.length === 1) return [refusedBecause(error)];
      const answers: Answer[] = [];
      for (const change of changes) answers.push(...(await this.#answers([change])));
      return answers;
    }
  }

  #hint({ operation, delayMs }: NewCall): void {
    this.#notifier.publish("queue", operation, this.#clock.now() + delayMs);
  }

  #tell(change: Change, answer: Answer, late: boolean): void {
    switch (answer.kind) {
      case "opened": {
        const hinted = change.kind === "open" && isSurelyNew(change.call);
        return announce(this.#notifier, answer.job, late || !hinted);
      }
      case "applied":
        if (answer.job) announce(this.#notifier, answer.job);
        if (change.kind === "settle") for (const sent of change.settlement.sends) this.#hint(sent);
        return;
      case "cancelled":
      case "requested":
        return announce(this.#notifier, answer.job);
      case "claimed":
        for (const { job } of answer.claims) announce(this.#notifier, job);
    }
  }
}

function refusedBecause(error: unknown) {
  return { kind: "refused", code: "internal", detail: String(error) } as const;
}

/** Workers may look for it in the same commit. Under a key it may be a repeat, which must take no slot for nothing. */
function isSurelyNew({ start, fingerprint }: NewCall): boolean {
  return start === "queued" && fingerprint === undefined;
}

/** Until the group has so many changes or so many bytes; one change always fits. */
function take(from: Waiting[], group: Waiting[], mostChanges: number, mostBytes: number): void {
  let bytes = 0;
  for (const waiting of group) bytes += waiting.bytes;
  let taken = 0;
  while (taken < from.length && group.length < mostChanges && (bytes < mostBytes || taken === 0)) {
    const next = from[taken++] as Waiting;
    bytes += next.bytes;
    group.push(next);
  }
  from.splice(0, taken);
}

function bytesOf(change: Change): number {
  if (change.kind === "open") return CHANGE_BYTES + change.call.input.length;
  if (change.kind !== "settle") return CHANGE_BYTES;
  const { verdict, writes, sends, sql } = change.settlement;
  let bytes = CHANGE_BYTES + (verdict.kind === "succeeded" ? verdict.output.length : 0);
  for (const write of writes) bytes += "value" in write ? write.value.length : CHANGE_BYTES;
  for (const sent of sends) bytes += sent.input.length;
  if (sql) for (const statement of sql) bytes += CHANGE_BYTES + statementBytes(statement);
  return bytes;
}
