/**
 * The query of an admin route. Refuses what it does not know or cannot read instead of leaving it out: a filter that
 * is dropped in silence shows an operator the wrong jobs.
 */
import { problem } from "../../core/errors.ts";
import type { Fault } from "../../core/schema.ts";
import { Refused } from "../replies.ts";

const DEFAULT_LIMIT = 100;
const MOST_LISTED = 500;
const MOST_FAULTS = 20;
const SHOWN = 100;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const LONGEST_MS = 24 * 3_600_000;

/** `422`, saying what is wrong and where. */
export function invalidInput(faults: readonly Fault[]): Refused {
  const errors = faults.slice(0, MOST_FAULTS).map(({ pointer, detail }) => ({ pointer, detail }));
  return new Refused(problem("invalid-input", undefined, { errors }));
}

/** RFC 6901, to a member of the top. */
export function pointerTo(member: string): string {
  return `/${member.slice(0, SHOWN).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

export class Query {
  readonly #values = new Map<string, string>();
  readonly #faults: Fault[] = [];

  /** A parameter without a value counts as not given, so that a form may send all of its fields. */
  constructor(query: string, known: readonly string[]) {
    const takes = known.length === 0 ? "none" : known.join(", ");
    for (const [name, value] of new URLSearchParams(query)) {
      if (!known.includes(name)) this.#fault(name, `There is no such parameter; it takes ${takes}.`);
      else if (this.#values.has(name)) this.#fault(name, "It is given twice.");
      else if (value !== "") this.#values.set(name, value);
    }
  }

  text(name: string): string | undefined {
    return this.#values.get(name);
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    const choice = choices.find((one) => one === value);
    if (choice === undefined) this.#fault(name, `It must be one of ${choices.join(", ")}.`);
    return choice;
  }

  /** RFC 3339, as milliseconds since 1970. */
  time(name: string): number | undefined {
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    const ms = millisecondsOf(value);
    if (ms === undefined)
      this.#fault(name, "It must be a time as in RFC 3339, such as 2026-01-31T12:00:00Z.");
    return ms;
  }

  /** "60s", "5m" or a number of seconds, as milliseconds; a day at most. */
  duration(name: string): number | undefined {
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    const match = /^(\d{1,6})(ms|s|m|h)?$/.exec(value);
    const ms = match ? Number(match[1]) * (UNIT_MS[match[2] ?? "s"] ?? 0) : 0;
    if (ms >= 1 && ms <= LONGEST_MS) return ms;
    this.#fault(name, "It must be a time from 1ms to 24h, such as 60s.");
    return undefined;
  }

  /** A whole number from 1. */
  whole(name: string, most: number): number | undefined {
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    const number = /^\d{1,9}$/.test(value) ? Number(value) : 0;
    if (number >= 1 && number <= most) return number;
    this.#fault(name, `It must be a whole number from 1 to ${most}.`);
    return undefined;
  }

  limit(): number {
    const value = this.#values.get("limit");
    if (value === undefined) return DEFAULT_LIMIT;
    const limit = /^\d{1,4}$/.test(value) ? Number(value) : 0;
    if (limit < 1 || limit > MOST_LISTED) {
      this.#fault("limit", `It must be a whole number from 1 to ${MOST_LISTED}.`);
    }
    return limit;
  }

  /** Throws what is wrong, all of it. */
  check(): void {
    if (this.#faults.length > 0) throw invalidInput(this.#faults);
  }

  #fault(name: string, detail: string): void {
    this.#faults.push({ pointer: pointerTo(name), detail });
  }
}

const RFC_3339 = /^(\d{4})-(\d{2})-(\d{2})T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/i;

function millisecondsOf(text: string): number | undefined {
  const match = RFC_3339.exec(text);
  const ms = match ? Date.parse(text.toUpperCase()) : Number.NaN;
  if (!match || Number.isNaN(ms)) return undefined;
  // Date.parse takes the 30th of February for the 2nd of March.
  const day = new Date(Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])));
  return day.getUTCDate() === Number(match[3]) ? ms : undefined;
}
