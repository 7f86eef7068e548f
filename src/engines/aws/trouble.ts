/** What an error of DynamoDB or of the way to it says: whether it happened, may have, or did not, and whether to ask again. */
import { SpillwayError } from "../../core/errors.ts";

export type Trouble =
  /** Refused for now; nothing was done. */
  | "busy"
  /** It was never heard: no connection, no credentials yet. */
  | "unheard"
  /** It may have been done all the same. */
  | "unknown"
  /** Refused for good; nothing was done. */
  | "refused";

const BUSY: ReadonlySet<string> = new Set([
  "ThrottlingException",
  "ThrottlingError",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "LimitExceededException",
  "TransactionConflictException",
  "TransactionCanceledException",
  "TransactionInProgressException",
  "RequestThrottled",
  "RequestThrottledException",
  "TooManyRequestsException",
  "UnprocessedKeys",
]);
const UNHEARD: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "CredentialsProviderError",
  "ExpiredTokenException",
  "ExpiredToken",
]);

/** Of a read of many keys: DynamoDB says it without an error, in an answer that has the others. */
export class LeftOver extends Error {
  override readonly name = "UnprocessedKeys";

  constructor(keys: number) {
    super(`${keys} of the keys were left over.`);
  }
}

export function troubleOf(error: unknown): Trouble {
  const { name, code, status } = facts(error);
  if (BUSY.has(name)) return "busy";
  if (UNHEARD.has(name) || UNHEARD.has(code) || neverConnected(error)) return "unheard";
  return status >= 400 && status < 500 ? "refused" : "unknown";
}

/** Its error bears the name of one that may have been heard, too; only the words are others. */
function neverConnected(error: unknown): boolean {
  return error instanceof Error && error.message.includes("did not establish a connection");
}

/** Of an item: more than DynamoDB keeps of one. */
export function isTooLarge(error: unknown): boolean {
  const { message, CancellationReasons = [] } = error as {
    message?: string;
    CancellationReasons?: readonly { readonly Message?: string }[];
  };
  const said = [message, ...CancellationReasons.map(({ Message }) => Message)];
  return said.some((one) => /item size .*exceeded/i.test(one ?? ""));
}

function facts(error: unknown): { readonly name: string; readonly code: string; readonly status: number } {
  const { name, code, $metadata } = error as {
    name?: unknown;
    code?: unknown;
    $metadata?: { httpStatusCode?: number };
  };
  return { name: String(name), code: String(code), status: $metadata?.httpStatusCode ?? 0 };
}

/** For whoever asked, when nothing more can be tried. */
export function unavailable(what: string, error: unknown): SpillwayError {
  const { name } = facts(error);
  const said = error instanceof Error ? error.message : String(error);
  return new SpillwayError("storage-unavailable", `${what} failed: ${name}: ${said}`, {
    hint: "Check that the table is there, that the role may use it, and that it is not throttled.",
    cause: error,
  });
}
