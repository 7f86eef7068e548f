/** Changes that wait for the next group, and what of them it takes. */
import type { Answer, Change } from "./engine.ts";
import { statementBytes } from "./sizes.ts";

export type Waiting = {
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
/** Groups without opens after which a drain may have whole groups again. */
const GROUPS_BETWEEN_OPENS = 3;
const CHANGE_BYTES = 200;

export class WaitingChanges {
  /** Settlements free what others wait for, so they go first; but they leave room for the opens. */
  readonly #first: Waiting[] = [];
  readonly #opens: Waiting[] = [];
  /** Claims go last, so that they find what the same group opens. */
  readonly #claims: Waiting[] = [];
  #bytes = 0;
  /** Opens in the last group that had any, unless that was too long ago to expect more. */
  #opensLately = 0;
  #groupsWithout = 0;

  put(change: Change, at: number, answered: (answer: Answer) => void): void {
    const bytes = bytesOf(change);
    const queue = change.kind === "open" ? this.#opens : change.kind === "claim" ? this.#claims : this.#first;
    queue.push({ change, bytes, at, answered });
    this.#bytes += bytes;
  }

  get count(): number {
    return this.#first.length + this.#opens.length + this.#claims.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** But claims. */
  get oldestAt(): number {
    return Math.min(this.#first[0]?.at ?? Infinity, this.#opens[0]?.at ?? Infinity);
  }

  /** What is neither opened nor claimed. */
  get outcomes(): number {
    return this.#first.length;
  }

  get opens(): number {
    return this.#opens.length;
  }

  get claims(): number {
    return this.#claims.length;
  }

  /** @param groupMs what a group takes */
  takeGroup(groupMs: number): readonly Waiting[] {
    const group: Waiting[] = [];
    this.#watchOpens();
    const share = this.#opensLately > 0 ? 2 : 1;
    const beside = Math.max(this.#opensLately, OUTCOMES_BESIDE_OPENS, groupMs * OUTCOMES_A_MS);
    const outcomes = this.#opensLately > 0 ? beside : GROUP_CHANGES;
    take(this.#first, group, Math.min(outcomes, GROUP_CHANGES / share), GROUP_BYTES / share);
    take(this.#opens, group, GROUP_CHANGES, GROUP_BYTES);
    // Small, two at the most, and what all the others wait for in the end: never left behind.
    group.push(...this.#claims.splice(0));
    for (const { bytes } of group) this.#bytes -= bytes;
    return group;
  }

  takeAll(): readonly Waiting[] {
    this.#bytes = 0;
    return [...this.#first.splice(0), ...this.#opens.splice(0), ...this.#claims.splice(0)];
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
