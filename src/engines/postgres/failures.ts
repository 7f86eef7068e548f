/** What an error of PostgreSQL, or of the way to it, means for what was asked: the one place where its codes are read. */
import { SpillwayError } from "../../core/errors.ts";

export type Failure =
  /** It never began, or was rolled back, and it may heal by itself. */
  | "unavailable"
  /** Rolled back because of what another did at the same time, or a statement's name was no good there (`line.ts`). */
  | "again"
  /** The connection broke when a commit was under way: nobody knows. */
  | "unknown"
  /** Something about one change. */
  | "change"
  /** Configured wrongly: a password, a name, a right. */
  | "refused";

/** A connection that could not be made. */
export class NotConnected extends Error {
  override readonly name = "NotConnected";
}

/** A connection that will not be made, however often it is tried: what the driver says where no server did. */
export class Unfit extends Error {
  override readonly name = "Unfit";
}

/** A connection that broke, or that fell silent. `committing`: its COMMIT was sent and not answered. */
export class Broken extends Error {
  override readonly name = "Broken";
  readonly committing: boolean;

  constructor(message: string, committing: boolean, cause: unknown) {
    super(message, { cause });
    this.committing = committing;
  }
}

/** Another got in between what was looked at and what was written: to be rolled back and decided anew. */
export class Overtaken extends Error {
  override readonly name = "Overtaken";
}

const BY_CODE: Readonly<Record<string, Failure>> = {
  "23505": "again",
  "55P03": "again",
  // How a statement of ours says that it found less than it was told.
  "22012": "again",
  "26000": "again",
  "42P05": "again",
  "25006": "unavailable",
  "3D000": "refused",
  "42501": "refused",
};
const BY_CLASS: Readonly<Record<string, Failure>> = {
  "08": "unavailable",
  "28": "refused",
  "40": "again",
  "53": "unavailable",
  "57": "unavailable",
  "58": "unavailable",
  XX: "unavailable",
};

export function failureOf(error: unknown): Failure {
  if (error instanceof Overtaken) return "again";
  if (error instanceof NotConnected) return "unavailable";
  if (error instanceof Unfit) return "refused";
  if (error instanceof Broken) return error.committing ? "unknown" : "unavailable";
  const code = sqlState(error);
  if (code === undefined) return "change";
  return BY_CODE[code] ?? BY_CLASS[code.slice(0, 2)] ?? "change";
}

/** PostgreSQL's code of an error that the server sent. */
export function sqlState(error: unknown): string | undefined {
  const code = error instanceof Error && "severity" in error && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** The server does not know a statement by its name, or knows another: a pooler stands between. */
export function isUnnamed(error: unknown): boolean {
  return ["26000", "42P05"].includes(sqlState(error) ?? "");
}

/** Whether the connection is of no more use: the server ends it, or it is one that takes no writes. */
export function endsConnection(error: unknown): boolean {
  const severity = error instanceof Error && "severity" in error ? error.severity : undefined;
  return severity === "FATAL" || severity === "PANIC" || isReadOnly(error);
}

/** A standby, or a server that was made read-only: the next connection may lead to one that is not. */
export function isReadOnly(error: unknown): boolean {
  return sqlState(error) === "25006";
}

/** An error as a person may read it: the driver's have no password in them, but an address that is refused has no words. */
export function described(error: unknown): string {
  const inner = error instanceof AggregateError ? error.errors[0] : error;
  if (!(inner instanceof Error)) return String(inner);
  const code = sqlState(inner);
  return code === undefined ? inner.message : `${inner.message} (SQLSTATE ${code})`;
}

/** For whoever asked, when nothing more can be tried. */
export function unavailable(error: unknown): SpillwayError {
  return new SpillwayError(
    "storage-unavailable",
    `PostgreSQL cannot be used now: ${described(error).replace(/\.$/, "")}.`,
    {
      hint:
        failureOf(error) === "refused"
          ? "Check password and rights: the role must use the schema, and read and write its tables and its sequence."
          : "Ask again in a moment.",
      cause: error,
    },
  );
}
