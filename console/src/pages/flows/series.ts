/** The last minutes of one operation or resource, as lines: one value for each look at the figures. */
import type { Figures } from "../../wire.ts";
import { type Finding, isSameRun, limitOf, movementBetween, secondsOf } from "./movement.ts";

/** Looks come once a second: where none came for so long, nothing is known. */
const GAP_S = 3;

type Line = readonly (number | null)[];

export type Course = {
  /** Seconds since 1970. */
  readonly at: readonly number[];
  readonly answered: Line;
  readonly accepted: Line;
  readonly refused: Line;
  readonly succeeded: Line;
  readonly failed: Line;
  readonly retried: Line;
  readonly queued: Line;
  readonly oldestSeconds: Line;
  readonly inUse: Line;
  readonly limit: Line;
};

type Row = { readonly [Name in keyof Course]: Course[Name][number] };

/** @param looks the oldest first */
export function courseOf(looks: readonly Figures[], find: Finding): Course {
  const rows = looks.flatMap((look, i) => {
    const before = looks[i - 1];
    const row = rowOf(before, look, find);
    const isGap = before && (secondsOf(look) - secondsOf(before) > GAP_S || !isSameRun(before, look));
    return isGap ? [gapAt((secondsOf(before) + secondsOf(look)) / 2), row] : [row];
  });
  const line = <Name extends keyof Row>(name: Name) => rows.map((row) => row[name]);
  return {
    at: line("at"),
    answered: line("answered"),
    accepted: line("accepted"),
    refused: line("refused"),
    succeeded: line("succeeded"),
    failed: line("failed"),
    retried: line("retried"),
    queued: line("queued"),
    oldestSeconds: line("oldestSeconds"),
    inUse: line("inUse"),
    limit: line("limit"),
  };
}

function rowOf(before: Figures | undefined, look: Figures, find: Finding): Row {
  const entry = find(look);
  const isNext = before && secondsOf(look) - secondsOf(before) <= GAP_S;
  const moved = isNext ? movementBetween(before, look, find) : undefined;
  return {
    at: secondsOf(look),
    answered: moved?.answered ?? null,
    accepted: moved?.accepted ?? null,
    refused: moved?.refused ?? null,
    succeeded: moved?.succeeded ?? null,
    failed: moved?.failed ?? null,
    retried: moved?.retried ?? null,
    queued: entry?.queued ?? null,
    oldestSeconds: entry ? (entry.oldestAgeMs ?? 0) / 1_000 : null,
    inUse: entry?.inUse ?? null,
    limit: (entry && limitOf(entry)) ?? null,
  };
}

function gapAt(at: number): Row {
  return {
    at,
    answered: null,
    accepted: null,
    refused: null,
    succeeded: null,
    failed: null,
    retried: null,
    queued: null,
    oldestSeconds: null,
    inUse: null,
    limit: null,
  };
}
