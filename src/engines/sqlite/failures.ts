/** What an error of SQLite means for the group it struck: the one place where its codes are read. */

type Failure =
  /** Rolled back, nothing was applied, and it may heal by itself: a full disk, another's lock. */
  | "unavailable"
  /** Something about one change; its group is repeated one by one. */
  | "unexpected"
  /** Whether the group is on the disk cannot be known any more. */
  | "fatal";

const BUSY = 5;
const LOCKED = 6;
const FULL = 13;
const CONSTRAINT = 19;
/** Of the statement or its values, not of the file: ERROR, TOOBIG, CONSTRAINT, MISMATCH, RANGE. */
const ABOUT_ONE_CHANGE = new Set([1, 18, CONSTRAINT, 20, 25]);

/** Every code that is not known to be harmless is fatal: after a failed fsync the next one may lie. */
export function failureOf(error: unknown): Failure {
  const code = resultCode(error);
  if (code === undefined) return "unexpected";
  if (code === BUSY || code === LOCKED || code === FULL) return "unavailable";
  return ABOUT_ONE_CHANGE.has(code) ? "unexpected" : "fatal";
}

export function isFull(error: unknown): boolean {
  return resultCode(error) === FULL;
}

export function isBusy(error: unknown): boolean {
  return resultCode(error) === BUSY;
}

export function isConstraint(error: unknown): boolean {
  return resultCode(error) === CONSTRAINT;
}

/** The primary result code; the extended one has it in its lowest byte. */
function resultCode(error: unknown): number | undefined {
  const code = error instanceof Error && "errcode" in error ? error.errcode : undefined;
  return typeof code === "number" ? code & 0xff : undefined;
}

/** What callers are told where a group is refused as unavailable; how SQLite puts it is no help to them. */
export function refusalOf(error: unknown): string {
  return isFull(error) ? "The disk is full; nothing was kept." : "The store is busy; nothing was kept.";
}

/** An error as text that crosses threads; SQLite's own message is often as short as "disk I/O error". */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "errcode" in error ? ` (SQLite result code ${String(error.errcode)})` : "";
  return `${error.message}${code}`;
}
