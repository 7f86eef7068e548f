/**
 * Group commit: whatever arrives while one group is being committed is the next group. A lone change waits for nobody,
 * and a crowd shares one fsync; a timer only looks after what may not leave yet. Also knows how far behind the store
 * is, which is what the door asks before it takes on more.
 */
import type { Clock, Timer } from "./clock.ts";
import type { Answer, AnswerOf, Change, Engine, NewCall, Settlement } from "./engine.ts";
import { announce, type Notifier } from "./notifier.ts";
import type { SqlTransaction } from "./sql-transaction.ts";
import { type Waiting, WaitingChanges } from "./waiting.ts";

const GROUP_MS_WEIGHT = 0.1;
/** Beyond this much waiting, or this long, new work is refused until the store has caught up. */
const MOST_WAITING_BYTES = 64 * 1024 * 1024;
const MOST_WAITING_MS = 2_000;
/**
 * So long after the last group left, with no room for another, what waits is refused: the store has not seen it, and a
 * group whose commit nobody answers may take until the database is back.
 */
const STUCK_MS = 5_000;
const STUCK = {
  kind: "refused",
  code: "storage-unavailable",
  detail: "The store does not answer; nothing was kept.",
} as const;
/** Of as many changes as the last group had, this share is worth a group of their own beside it; */
const WORTH_A_GROUP = 0.5;
/** and any are, when it has been gone for so long. So often it is looked whether they may leave. */
const LOOK_MS = 25;

export class Committer {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #notifier: Notifier;
  readonly #waiting = new WaitingChanges();
  #inFlight = 0;
  #beside = 0;
  #leavesNow = false;
  #leavesSoon = false;
  #lastLeftAt = 0;
  #lastCount = 0;
  /** While something waits that may not leave. */
  #watch: Timer | undefined;
  /** The last group left opens behind, so that claims which were submitted with them came too early. */
  #overflowed = false;
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
    this.#waiting.put(change, this.#clock.monotonic(), answered as (answer: Answer) => void);
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
    if (this.#waiting.bytes > MOST_WAITING_BYTES) return true;
    const waitedMs = this.#clock.monotonic() - this.#waiting.oldestAt;
    return waitedMs > MOST_WAITING_MS || this.#stoodMs > MOST_WAITING_MS;
  }

  /** Outcomes that wait for their commit. */
  get unsettled(): number {
    return this.#waiting.outcomes;
  }

  /** Resolves when nothing waits and nothing is under way. */
  async drained(): Promise<void> {
    if (this.#isIdle) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  get #isFull(): boolean {
    return this.#inFlight >= this.#engine.limits.groupsInFlight;
  }

  get #sinceLastMs(): number {
    return this.#clock.monotonic() - this.#lastLeftAt;
  }

  /** For so long no group could leave. */
  get #stoodMs(): number {
    return this.#isFull ? this.#sinceLastMs : 0;
  }

  /**
   * Where the store is the faster the larger its groups are, a few changes do not leave beside a large group, but with
   * those that come until it is back. Not so claims: whoever claims has slots that stand empty.
   */
  get #mayLeave(): boolean {
    const { count, claims } = this.#waiting;
    if (count === 0 || this.#isFull) return false;
    if (this.#inFlight === 0 || claims > 0 || !this.#engine.limits.gathers) return true;
    return count >= this.#lastCount * WORTH_A_GROUP || this.#sinceLastMs >= LOOK_MS;
  }

  /** When whoever is at it has put what he has. Calls also wait for those that came with them, where that pays. */
  #schedule(): void {
    if (!this.#mayLeave) this.#watchOver();
    else if (!this.#engine.limits.gathers || this.#waiting.count > this.#waiting.opens) this.#leaveNow();
    else this.#leaveSoon();
  }

  #leaveNow(): void {
    if (this.#leavesNow) return;
    this.#leavesNow = true;
    queueMicrotask(() => {
      this.#leavesNow = false;
      this.#leave();
    });
  }

  #leaveSoon(): void {
    if (this.#leavesSoon) return;
    this.#leavesSoon = true;
    this.#clock.soon(() => {
      this.#leavesSoon = false;
      this.#leave();
    });
  }

  #leave(): void {
    if (this.#mayLeave) void this.#commit(this.#waiting.takeGroup(this.#groupMs));
    this.#watchOver();
  }

  #watchOver(): void {
    if (this.#waiting.count > 0) this.#watch ??= this.#clock.after(LOOK_MS, () => this.#look());
  }

  #look(): void {
    this.#watch = undefined;
    // Where this process stood still itself, the answer may be at hand: first it is heard.
    if (this.#stoodMs < STUCK_MS) this.#schedule();
    else this.#clock.soon(() => this.#refuseStuck());
  }

  #refuseStuck(): void {
    if (this.#stoodMs < STUCK_MS) return this.#schedule();
    for (const { change, answered } of this.#waiting.takeAll()) this.#answer(change, STUCK, false, answered);
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    this.#inFlight++;
    this.groups++;
    this.#lastCount = group.length;
    const late = this.#overflowed;
    this.#overflowed = this.#waiting.opens > 0;
    const begunAt = this.#clock.monotonic();
    this.#lastLeftAt = begunAt;
    const answers = await this.#answers(group.map(({ change }) => change));
    this.#groupMs += (this.#clock.monotonic() - begunAt - this.#groupMs) * GROUP_MS_WEIGHT;
    this.#inFlight--;
    // The next group leaves before anyone is answered: the store works while we do.
    this.#leave();
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
    return this.#inFlight + this.#beside === 0 && this.#waiting.count === 0;
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
