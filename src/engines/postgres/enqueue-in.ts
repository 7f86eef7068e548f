/**
 * `store.enqueueIn(tx, operation, input)`: queues a call in a transaction that the app has open already, with whatever
 * driver: it is there when that is committed, told to those who listen at the same moment, and never was if it is
 * rolled back. All values cross as text, which every driver hands on alike.
 */
import { createHmac, hash } from "node:crypto";
import { canonicalJson } from "../../core/canonical.ts";
import type { Clock } from "../../core/clock.ts";
import { type Duration, durationMs } from "../../core/duration.ts";
import { configurationError, SpillwayError } from "../../core/errors.ts";
import { Ids } from "../../core/ids.ts";
import { ANONYMOUS, type JobId, LONGEST_PRINCIPAL, type Principal } from "../../core/job.ts";
import { parseJson } from "../../core/json-build.ts";
import { KEYED, keyScope, LONGEST_KEY } from "../../core/keyed.ts";
import type { AnySpec, Operation, Spec } from "../../core/operation.ts";
import { checkOptions, shown } from "../../core/options.ts";
import type { Random } from "../../core/random.ts";
import { type InputOf, type Schema, validate } from "../../core/schema.ts";
import { byteLength } from "../../core/sizes.ts";
import { enqueueStatements } from "./enqueue-statements.ts";
import { stored } from "./texts.ts";

/** A client of `pg` within a transaction, or anything with its `query`. */
export type SqlClient = {
  readonly query: (text: string, values?: unknown[]) => Promise<{ readonly rows: readonly object[] }>;
};

export type EnqueueOptions = {
  /** As the Idempotency-Key of a call: the same key and input are one job, whichever way they come. */
  readonly key?: string;
  readonly delay?: Duration;
  /** Whose job it is. Without `authenticate` there is only the anonymous one, which is the default. */
  readonly principal?: Principal;
};

export type EnqueueIn = <I extends Schema>(
  tx: SqlClient,
  target: Spec<I, Schema | undefined, boolean> | Operation<I, Schema | undefined>,
  input: InputOf<I>,
  options?: EnqueueOptions,
) => Promise<{ readonly id: JobId }>;

type Kept = { readonly fingerprint: string | null; readonly is_running_at_once: boolean };

export class Enqueuer {
  readonly #statements: ReturnType<typeof enqueueStatements>;
  readonly #schemaName: string;
  readonly #ids: Ids;
  #secret: string | undefined;
  /** Of a transaction's changes each has a place of its own. */
  #place = 0;

  constructor(schema: string, schemaName: string, clock: Clock, random: Random) {
    this.#statements = enqueueStatements(schema, schemaName);
    this.#schemaName = schemaName;
    this.#ids = new Ids(clock, random);
  }

  readonly enqueueIn: EnqueueIn = async (tx, target, input, options = {}) => {
    const spec = ("kind" in target ? target.spec : target) as AnySpec;
    const what = `enqueueIn() of "${spec.name}"`;
    assertClient(tx, what);
    const { delayMs, principal, key } = checkedOptions(spec, options, what);
    const text = await checkedInput(spec, input, what);
    const sequence = this.#ids.sequence();
    if (key === undefined) {
      const id = this.#ids.of(sequence);
      await this.#keep(tx, spec, { id, sequence, principal, text, delayMs, fingerprint: null });
      return { id };
    }
    const scope = keyScope(principal, spec.name, { key });
    const secret = await this.#secretIn(tx);
    const id = `${KEYED}${createHmac("sha256", secret).update(scope).digest("base64url")}`;
    const fingerprint = hash("sha256", canonicalJson(parseJson(text)), "base64url");
    const isNew = await this.#keep(tx, spec, { id, sequence, principal, text, delayMs, fingerprint });
    if (!isNew) await this.#assertRepeat(tx, id, fingerprint, what);
    return { id };
  };

  /** Whether there was none under its id. */
  async #keep(tx: SqlClient, spec: AnySpec, call: Call): Promise<boolean> {
    this.#place = (this.#place + 1) % MOST_PLACES;
    const { id, sequence, principal, text, delayMs, fingerprint } = call;
    const { rows } = await tx.query(this.#statements.keep, [
      id,
      String(sequence),
      spec.name,
      stored(principal),
      String(spec.retry.maxAttempts),
      fingerprint,
      String(spec.version),
      text,
      String(delayMs),
      String(this.#place),
      toldOf(principal),
    ]);
    return rows.length > 0;
  }

  async #assertRepeat(tx: SqlClient, id: JobId, fingerprint: string, what: string): Promise<void> {
    const [kept] = (await tx.query(this.#statements.look, [id])).rows as readonly Kept[];
    if (kept?.fingerprint !== fingerprint) {
      throw new SpillwayError("idempotency-mismatch", `${what}: its key was used before with another input.`);
    }
    if (!kept.is_running_at_once) return;
    throw new SpillwayError("idempotency-in-flight", `${what}: a call with its key is being answered now.`, {
      hint: "Try again when it has ended.",
    });
  }

  async #secretIn(tx: SqlClient): Promise<string> {
    if (this.#secret !== undefined) return this.#secret;
    const [row] = (await tx.query(this.#statements.secret, [])).rows as readonly { secret?: string }[];
    if (typeof row?.secret === "string") {
      this.#secret = row.secret;
      return row.secret;
    }
    throw configurationError(
      `The transaction's database has no store in schema ${this.#schemaName}.`,
      "Open the transaction in the database that postgres(url) names, and migrate it first.",
    );
  }
}

type Call = {
  readonly id: JobId;
  readonly sequence: number;
  readonly principal: Principal;
  readonly text: string;
  readonly delayMs: number;
  readonly fingerprint: string | null;
};

const MOST_PLACES = 1_000_000_000;
/** The longest still fits a notice, which must be shorter than 8,000 bytes. */
function toldOf(principal: Principal): string | null {
  return principal === ANONYMOUS ? null : JSON.stringify(principal);
}

function assertClient(tx: SqlClient, what: string): void {
  if (typeof tx?.query === "function") return;
  throw configurationError(
    `${what} got ${shown(tx)} for its transaction.`,
    "Give it a client of pg after BEGIN, or { query: (text, values) => … } of another driver.",
  );
}

function checkedOptions(spec: AnySpec, options: EnqueueOptions, what: string) {
  checkOptions(what, options, ["key", "delay", "principal"]);
  if (spec.flow === "request") {
    throw configurationError(
      `${what}, whose flow is "request" and which is never queued.`,
      'Declare it with flow "event" or "spill".',
    );
  }
  const { key, delay, principal = ANONYMOUS } = options;
  if (key === undefined && spec.keyRequired) {
    throw new SpillwayError("idempotency-required", `${what} needs a key.`);
  }
  if (key !== undefined && !(/^[\x20-\x7e]+$/.test(key) && key.length <= LONGEST_KEY)) {
    throw new SpillwayError(
      "malformed-header",
      `${what}: its key is ${shown(key)}. Use 1–${LONGEST_KEY} printable ASCII characters.`,
    );
  }
  if (typeof principal !== "string") {
    throw new TypeError(`${what}: its principal is ${shown(principal)}. Give it as text.`);
  }
  if (principal.length > LONGEST_PRINCIPAL) {
    throw configurationError(
      `${what}: its principal has ${principal.length} characters.`,
      `Use ${LONGEST_PRINCIPAL} at most, the name that authenticate() gives.`,
    );
  }
  return { key, principal, delayMs: delay ? durationMs(delay, `${what}: delay`) : 0 };
}

/** What is kept is what is checked: an input may hold dates. */
async function checkedInput(spec: AnySpec, input: unknown, what: string): Promise<string> {
  const text = JSON.stringify(input);
  if (text === undefined)
    throw new TypeError(`${what}: its input is ${String(input)}, which JSON cannot hold.`);
  const bytes = byteLength(text);
  if (bytes > spec.inputBytes) {
    throw new SpillwayError(
      "too-large",
      `${what}: its input has ${bytes} bytes; ${spec.inputBytes} are taken.`,
    );
  }
  const result = await validate(spec.input, parseJson(text));
  if (result.ok) return text;
  const [fault] = result.faults;
  throw new SpillwayError(
    "invalid-input",
    `${what}: its input is not valid: ${fault?.detail ?? ""}${fault?.pointer ? ` at ${fault.pointer}` : ""}.`,
  );
}
