/**
 * The one way to write: groups, tried until it is known what became of them. Where the answer to a commit is lost it
 * is sent again with the same ids and tokens, until one is answered; what never began is refused.
 */
import type { Answer, Change, Retention } from "../../core/engine.ts";
import { Bounds } from "./bounds.ts";
import { Transaction } from "./connection.ts";
import { Broken, described, failureOf, NotConnected, unavailable } from "./failures.ts";
import type { Fates } from "./fate.ts";
import { Group, type GroupStatements } from "./group.ts";
import type { Lines } from "./lines.ts";
import { pause } from "./pauses.ts";
import { planOf, segmentsOf } from "./plan.ts";

/** Others get in the way of a group so often at most: each time one of them got on. */
const MOST_TRIES = 50;
const AGAIN_MS = 5;
const AWAY_PAUSE_MS = 200;

export type CommitSettings = {
  readonly retention: Retention;
  readonly now?: () => number;
  readonly part: number;
};

/**
 * `fast`: may go at once. `careful`: what is new unless it was sent before is looked for. `unknown`: an answer was
 * lost, so nobody may be told any more that nothing was kept.
 */
type Standing = { readonly fast: boolean; readonly careful: boolean; readonly unknown: boolean };

/** Of the other nodes: a few changes are told right behind the commit that is under way. */
export type Foretelling = {
  foretell(changes: readonly Change[], committing: Transaction): void;
  takeBack(changes: readonly Change[]): void;
};

type Part = { readonly changes: readonly Change[]; readonly answers: Answer[] };

export class Commits {
  readonly #lines: Lines;
  readonly #statements: GroupStatements;
  readonly #settings: CommitSettings;
  readonly #bounds = new Bounds();
  readonly #fates: Fates;
  readonly #notices: Foretelling;
  #isClosed = false;

  constructor(
    lines: Lines,
    statements: GroupStatements,
    fates: Fates,
    notices: Foretelling,
    settings: CommitSettings,
  ) {
    this.#lines = lines;
    this.#notices = notices;
    this.#fates = fates;
    this.#statements = statements;
    this.#settings = settings;
  }

  async commit(changes: readonly Change[]): Promise<readonly Answer[]> {
    if (this.#isClosed) throw unavailable(new NotConnected("the engine is closed"));
    const part = { changes, answers: new Array<Answer>(changes.length) };
    for (const places of segmentsOf(changes))
      await this.#answer(part, places, { fast: true, careful: false, unknown: false });
    return part.answers;
  }

  close(): void {
    this.#isClosed = true;
  }

  /** Sees to it that each place has its answer. */
  async #answer(part: Part, places: readonly number[], since: Standing): Promise<void> {
    let { careful, unknown } = since;
    for (let tries = 1; ; tries++) {
      try {
        const left = await this.#try(part, places, { ...since, careful });
        // A claim is left over only where the answer to its commit was lost.
        unknown ||= left.some((at) => part.changes[at]?.kind === "claim");
        if (left.length > 0) await this.#answer(part, left, { fast: false, careful, unknown });
        return;
      } catch (error) {
        const failure = failureOf(error);
        if (failure === "unknown") unknown = true;
        else if (failure === "change" && !this.#isClosed)
          return this.#inHalves(part, places, { fast: false, careful, unknown }, error);
        else if (failure === "again") await pause(Math.min(tries, 10) * AGAIN_MS);
        else if (!unknown && !(error instanceof Broken)) return refuse(part, places, error);
        else await pause(AWAY_PAUSE_MS);
        if (this.#isClosed) throw error;
        if (tries >= MOST_TRIES && !unknown) return refuse(part, places, error);
        careful = true;
      }
    }
  }

  /** Answers those that the fast way did not find as it thought. */
  async #try(
    part: Part,
    places: readonly number[],
    { fast, careful }: Pick<Standing, "fast" | "careful">,
  ): Promise<readonly number[]> {
    const { retention, now, part: counted } = this.#settings;
    const plan = planOf(part.changes, places, fast);
    const line = await this.#lines.take();
    const transaction = new Transaction(line);
    const theirs = places.map((at) => part.changes[at] as Change);
    const terms = {
      retention,
      now: now ? now() : null,
      part: counted,
      careful,
      bounds: this.#bounds,
      mark: (marked: Transaction) => this.#fates.mark(marked),
      foretell: (committing: Transaction) => this.#notices.foretell(theirs, committing),
    };
    const group = new Group(transaction, this.#statements, plan, terms);
    try {
      await group.commit();
    } catch (error) {
      this.#notices.takeBack(theirs);
      await transaction.rollback();
      const isCommitted = failureOf(error) === "unknown" && (await this.#wasCommitted(group));
      if (!isCommitted) throw error;
    } finally {
      this.#lines.giveBack(line);
    }
    if (group.mark !== undefined) this.#fates.committed(group.mark);
    for (const [at, answer] of group.answers) part.answers[at] = answer;
    const left = places.filter((at) => !group.answers.has(at));
    // Told before they are what they will be: once more, then.
    this.#notices.takeBack(left.map((at) => part.changes[at] as Change));
    return left;
  }

  /**
   * Whether a group whose answer was lost is committed, where it had looked and so left a mark: what it
   * decided then stands, also of calls that leave nothing behind to be known by. What claims took is asked again.
   */
  async #wasCommitted({ mark, isDecided }: Group): Promise<boolean> {
    return mark !== undefined && isDecided && this.wasCommitted(mark);
  }

  /** Asked until it is known. */
  wasCommitted(mark: string): Promise<boolean> {
    return this.#fates.wasCommitted(mark, () => this.#isClosed);
  }

  /** One of them is broken: it is looked for in halves, so that the others are neither harmed nor kept waiting. */
  async #inHalves(part: Part, places: readonly number[], since: Standing, error: unknown): Promise<void> {
    const [only] = places;
    if (places.length === 1 && only !== undefined) {
      part.answers[only] = { kind: "refused", code: "internal", detail: described(error) };
      return;
    }
    const middle = Math.ceil(places.length / 2);
    for (const half of [places.slice(0, middle), places.slice(middle)]) await this.#answer(part, half, since);
  }
}

function refuse({ answers }: Part, places: readonly number[], error: unknown): void {
  const detail = `PostgreSQL cannot be used now, and nothing was kept: ${described(error)}.`;
  for (const at of places) answers[at] = { kind: "refused", code: "storage-unavailable", detail };
}
