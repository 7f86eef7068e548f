/** Changes on their way to the owner thread. */
import type { Change, NewCall, Settlement } from "../../core/engine.ts";
import { ADMIN } from "../../core/engine.ts";
import type { Attempt, JobId, JsonText } from "../../core/job.ts";
import {
  CALLS,
  type Call,
  type CallsRow,
  type OwnerChange,
  type OwnerSettlement,
  type PackedChange,
  SETTLEMENT,
  type SettlementRow,
  SUCCESSES,
  type SuccessesRow,
} from "./messages.ts";

const FIRST_CALL = 9;
const VALUES_A_CALL = 3;
const FIRST_SUCCESS = 1;
const VALUES_A_SUCCESS = 4;

export function packGroup(changes: readonly Change[]): readonly PackedChange[] {
  const group: PackedChange[] = [];
  let calls: CallsRow | undefined;
  let successes: SuccessesRow | undefined;
  for (const change of changes) {
    if (change.kind === "open") {
      const { call } = change;
      const details = detailsText(call.details);
      successes = undefined;
      if (!calls || !isLike(calls, call, details)) {
        calls = rowFor(call, details);
        group.push(calls);
      }
      calls.push(call.id, call.sequence, call.input);
    } else if (change.kind === "settle" && isPlainSuccess(change.settlement)) {
      const { lease, verdict, attempt } = change.settlement;
      calls = undefined;
      if (!successes) {
        successes = [SUCCESSES];
        group.push(successes);
      }
      successes.push(lease.id, lease.token, verdict.output, attemptText(attempt));
    } else {
      calls = undefined;
      successes = undefined;
      group.push(packChange(change));
    }
  }
  return group;
}

type PlainSuccess = Settlement & { readonly verdict: { readonly kind: "succeeded" } };

function isPlainSuccess(settlement: Settlement): settlement is PlainSuccess {
  const { claimed, verdict, born, reads, writes, sends, sql } = settlement;
  return (
    claimed !== undefined &&
    verdict.kind === "succeeded" &&
    born === undefined &&
    reads.length === 0 &&
    writes.length === 0 &&
    sends.length === 0 &&
    sql === undefined
  );
}

function packChange(change: Exclude<Change, { kind: "open" }>): PackedChange {
  if (change.kind === "settle") return packSettlement(change.settlement);
  if (change.kind !== "cancel") return change;
  const { id, principal } = change.ref;
  return { kind: "cancel", id, principal: principal === ADMIN ? null : principal };
}

function rowFor(call: NewCall, details: JsonText): CallsRow {
  return [
    CALLS,
    call.operation,
    call.principal,
    call.inputVersion,
    call.delayMs,
    call.maxAttempts,
    details,
    call.fingerprint ?? null,
    call.start === "queued" ? null : call.start,
  ];
}

/** A call under a key, or at once, has a row of its own. */
function isLike(row: CallsRow, call: NewCall, details: JsonText): boolean {
  return (
    row[1] === call.operation &&
    row[2] === call.principal &&
    row[3] === call.inputVersion &&
    row[4] === call.delayMs &&
    row[5] === call.maxAttempts &&
    row[6] === details &&
    row[7] === null &&
    row[8] === null &&
    call.fingerprint === undefined &&
    call.start === "queued"
  );
}

/** As a row it takes 0.5 µs to cross, as an object 2.9. */
function packSettlement({
  lease,
  verdict,
  attempt,
  born,
  reads,
  writes,
  sends,
  sql,
}: Settlement): SettlementRow {
  const isPlain = !born && !sql && reads.length === 0 && writes.length === 0 && sends.length === 0;
  const rest = isPlain ? null : { reads, writes, sends, ...(born && { born }), ...(sql && { sql }) };
  return [SETTLEMENT, lease.id, lease.token, verdict, attemptText(attempt), rest];
}

/** What `JSON.stringify` would write, without it where the attempt did not fail: every job has one. */
function attemptText(attempt: Attempt | undefined): JsonText {
  if (!attempt) return "";
  const { number, startedAt, endedAt, node, error } = attempt;
  if (error) return `,${JSON.stringify(attempt)}`;
  return `,{"number":${number},"startedAt":${startedAt},"endedAt":${endedAt},"node":${quoted(node)}}`;
}

let lastNode = "";
let lastQuoted = '""';

/** It is the same for years. */
function quoted(node: string): JsonText {
  if (node !== lastNode) {
    lastNode = node;
    lastQuoted = JSON.stringify(node);
  }
  return lastQuoted;
}

export function unpackGroup(group: readonly PackedChange[]): readonly OwnerChange[] {
  const changes: OwnerChange[] = [];
  for (const packed of group) {
    if ("kind" in packed) changes.push(packed);
    else if (packed[0] === SETTLEMENT) changes.push({ kind: "settle", settlement: unpackSettlement(packed) });
    else if (packed[0] === SUCCESSES) unpackSuccesses(packed, changes);
    else unpackCalls(packed, changes);
  }
  return changes;
}

function unpackCalls(row: Readonly<CallsRow>, changes: OwnerChange[]): void {
  for (let place = FIRST_CALL; place < row.length; place += VALUES_A_CALL)
    changes.push({ kind: "open", call: callAt(row, place) });
}

function callAt(row: Readonly<CallsRow>, place: number): Call {
  const call = {
    id: row[place] as JobId,
    sequence: row[place + 1] as number,
    operation: row[1],
    principal: row[2],
    input: row[place + 2] as JsonText,
    inputVersion: row[3],
    delayMs: row[4],
    maxAttempts: row[5],
    details: row[6],
    start: row[8] ?? ("queued" as const),
  };
  return row[7] === null ? call : { ...call, fingerprint: row[7] };
}

const NOTHING = { reads: [], writes: [], sends: [] };

function unpackSuccesses(row: Readonly<SuccessesRow>, changes: OwnerChange[]): void {
  for (let place = FIRST_SUCCESS; place < row.length; place += VALUES_A_SUCCESS) {
    const lease = { id: row[place] as JobId, token: row[place + 1] as string };
    const verdict = { kind: "succeeded", output: row[place + 2] as JsonText } as const;
    const attempt = row[place + 3] as JsonText;
    const settlement = { lease, verdict, attempt, known: true, ...NOTHING };
    changes.push({ kind: "settle", settlement });
  }
}

function unpackSettlement([, id, token, verdict, attempt, rest]: SettlementRow): OwnerSettlement {
  return { lease: { id, token }, verdict, attempt, known: false, ...(rest ?? NOTHING) };
}

export function detailsText(details: NewCall["details"]): JsonText {
  return JSON.stringify(details);
}
