/**
 * Calls that a gateway put into the queue by itself: nobody has checked them but by their schema, and nobody has
 * written them down. The first function that is handed one does both; from then on it is a job like any other. What
 * cannot be accepted ends as a failed receipt, for its caller was told 202.
 */
import type { AppOptions } from "../app/app.ts";
import { systemClock } from "../core/clock.ts";
import { NOTHING } from "../core/effects.ts";
import type { NewCall } from "../core/engine.ts";
import { type Problem, problem } from "../core/errors.ts";
import { Ids } from "../core/ids.ts";
import { ANONYMOUS, type Job, type JobId, type Principal } from "../core/job.ts";
import { JSON_LIMITS, type JsonValue, readJsonText } from "../core/json.ts";
import type { Operation } from "../core/operation.ts";
import { systemRandom } from "../core/random.ts";
import { type Fault, validate } from "../core/schema.ts";
import { byteLength } from "../core/sizes.ts";
import { fingerprint, keyedId, parseKey } from "../door/idempotency.ts";
import { Refused } from "../door/replies.ts";
import type { DeliveredEngine } from "../engines/aws/delivered.ts";
import type { Message } from "../engines/aws/message.ts";
import type { SqsRecord } from "./sqs-event.ts";

/**
 * The message as a notice of its job, to be delivered; or what is known already. `waits`: it has no row yet, so that
 * the message as it came is all there is of the call.
 */
export type Adoption =
  | { readonly kind: "notice" | "over"; readonly message: Message }
  | { readonly kind: "waits"; readonly hideMs: number };

type DirectCall = {
  readonly receipt: JobId;
  readonly operation: Operation;
  readonly principal: Principal;
  readonly acceptedAt: number;
  readonly key: string | undefined;
  readonly body: string;
};

type Checked =
  | { readonly ok: true; readonly value: JsonValue; readonly key: string | undefined }
  | { readonly ok: false; readonly problem: Problem };

const NOBODYS = refusal(
  "unauthenticated",
  "The gateway did not say who called. Give its method the authorizer.",
);
/** Another version of the app may know the operation. */
const UNSERVED_MS = 60_000;
/** Until a call at once under the same key has ended, or has left nothing. */
const IN_FLIGHT_MS = 2_000;
/** Of an input that is none, for whoever looks at the job. */
const SHOWN_CHARACTERS = 1_000;

export class DirectCalls {
  readonly #operations: ReadonlyMap<string, Operation>;
  readonly #asksWho: boolean;
  readonly #engine: DeliveredEngine;
  readonly #ids: Ids;

  constructor({ operations, authenticate }: AppOptions, engine: DeliveredEngine) {
    this.#operations = new Map(operations.map((operation) => [operation.spec.name, operation]));
    this.#asksWho = authenticate !== undefined;
    this.#engine = engine;
    this.#ids = new Ids(systemClock(), systemRandom());
  }

  async adopt(record: SqsRecord, message: Message): Promise<Adoption> {
    const said = (name: string) => record.messageAttributes?.[name]?.stringValue;
    const operation = this.#operations.get(said("operation") ?? "");
    if (!operation) return waits(UNSERVED_MS);
    const call: DirectCall = {
      receipt: message.messageId,
      operation,
      principal: said("principal") ?? ANONYMOUS,
      acceptedAt: Number(said("accepted")) || Number.POSITIVE_INFINITY,
      key: said("key"),
      body: message.body,
    };
    const checked = this.#isNobodys(call) ? NOBODYS : await check(call);
    if (!checked.ok) return this.#refused(call, checked.problem, message);
    if (checked.key === undefined) {
      await this.#engine.adopt(this.#newCall(call), call.acceptedAt);
      return { kind: "notice", message: noticeOf(message, call.receipt, call) };
    }
    return this.#underKey(call, checked.key, checked.value, message);
  }

  /** An API whose authorizer was taken away hands over calls that nobody has vouched for. */
  #isNobodys({ principal }: DirectCall): boolean {
    return this.#asksWho && principal === ANONYMOUS;
  }

  /** The key's job is the one that any other way would lead to, so that it runs once whichever way a repeat comes. */
  async #underKey(call: DirectCall, key: string, value: JsonValue, message: Message): Promise<Adoption> {
    const { principal, operation, receipt } = call;
    const id = keyedId(this.#engine.secret, principal, operation.spec.name, { key });
    const keyed = { ...this.#newCall(call), id, fingerprint: fingerprint(value) };
    const { answer, isOwn } = await this.#engine.adopt(keyed, call.acceptedAt);
    if (answer.kind === "refused") return waits(IN_FLIGHT_MS);
    if (answer.kind === "mismatch") {
      const error = problem("idempotency-mismatch", "Use a new key for another input.");
      return this.#refused(call, error, message);
    }
    if (!isOwn && isAtOnce(answer.job)) return waits(IN_FLIGHT_MS);
    await this.#engine.nameReceipt(receipt, answer.job);
    return { kind: isOwn ? "notice" : "over", message: noticeOf(message, isOwn ? id : receipt, call) };
  }

  async #refused(call: DirectCall, error: Problem, message: Message): Promise<Adoption> {
    const born = { ...this.#newCall(call), input: inputShown(call) };
    const lease = { id: call.receipt, token: `refused.${call.receipt}` };
    const settlement = { lease, born, verdict: { kind: "failed", error }, ...NOTHING } as const;
    const [answer] = await this.#engine.commit([{ kind: "settle", settlement }]);
    if (answer?.kind === "refused") throw new Error(`A call could not be refused: ${answer.detail}`);
    return { kind: "over", message: noticeOf(message, call.receipt, call) };
  }

  #newCall({ receipt, operation, principal, body }: DirectCall): NewCall {
    const { name, version, retry } = operation.spec;
    return {
      id: receipt,
      sequence: this.#ids.sequence(),
      operation: name,
      principal,
      input: body,
      inputVersion: version,
      delayMs: 0,
      maxAttempts: retry.maxAttempts,
      details: { origin: "direct", receipt },
      start: "queued",
    };
  }
}

function waits(hideMs: number): Adoption {
  return { kind: "waits", hideMs };
}

/** Whatever becomes of the message from here on, its body says whose it is. */
function noticeOf(message: Message, id: JobId, { operation }: DirectCall): Message {
  return { ...message, body: JSON.stringify({ spillway: 1, id, operation: operation.spec.name }) };
}

function isAtOnce({ listed, status }: Job): boolean {
  return !listed && status === "running";
}

/** As a function would have before its 202. */
async function check({ operation, key, body }: DirectCall): Promise<Checked> {
  const { inputBytes, keyRequired } = operation.spec;
  if (byteLength(body) > inputBytes) return refusal("too-large", `At most ${inputBytes} bytes are taken.`);
  const read = readJsonText(body, JSON_LIMITS);
  if (!read.ok) return refusal("malformed-json", read.detail);
  if (keyRequired && key === undefined) {
    return refusal("idempotency-required", "Send an Idempotency-Key header.");
  }
  const parsed = keyIn(key);
  if (typeof parsed === "object") return { ok: false, problem: parsed };
  const faults = await faultsOf(operation, read.value);
  if (faults.length > 0)
    return { ok: false, problem: problem("invalid-input", undefined, { errors: faults }) };
  return { ok: true, value: read.value, key: parsed };
}

function keyIn(header: string | undefined): string | undefined | Problem {
  try {
    return parseKey(header);
  } catch (error) {
    if (error instanceof Refused) return error.problem;
    throw error;
  }
}

/** A schema that throws does so again when the job runs, and that is its outcome. */
async function faultsOf({ spec }: Operation, value: JsonValue): Promise<readonly Fault[]> {
  try {
    const checked = await validate(spec.input, value);
    return checked.ok ? [] : checked.faults;
  } catch {
    return [];
  }
}

function refusal(code: Parameters<typeof problem>[0], detail: string): Checked {
  return { ok: false, problem: problem(code, detail) };
}

function inputShown({ body, operation }: DirectCall): string {
  const fits = byteLength(body) <= operation.spec.inputBytes && readJsonText(body, JSON_LIMITS).ok;
  return fits ? body : JSON.stringify(body.slice(0, SHOWN_CHARACTERS));
}
