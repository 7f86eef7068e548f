/**
 * `POST /admin/jobs/redrive` and `/purge`: what an operator does with failed jobs, some by id or all that match. Job
 * by job, so that what runs meanwhile is never held up and what has changed meanwhile is left alone.
 */
import { ratePerSecond } from "../../core/duration.ts";
import type { Answer, Change, Engine } from "../../core/engine.ts";
import type { JobId } from "../../core/job.ts";
import type { JsonValue } from "../../core/json.ts";
import type { Runtime, Store } from "../../core/runtime.ts";
import type { Fault } from "../../core/schema.ts";
import type { DoorRequest, Reply } from "../exchange.ts";
import { refuse } from "../replies.ts";
import { audit } from "./audit.ts";
import { type Members, membersOf } from "./body.ts";
import { answer as reply } from "./lists.ts";
import { invalidInput } from "./query.ts";

const MOST_IDS = 1_000;
const LONGEST_ID = 128;
/** A page holds whole inputs; a hundred of the largest are 25 MiB. */
const PAGE = 100;
const LONGEST_SPREAD_MS = 30 * 24 * 3_600_000;

type Filter = { readonly operation?: string; readonly errorCode?: string };
type Selection = { readonly ids?: readonly JobId[]; readonly filter: Filter };
type Done = { count: number; readonly ids: JobId[] | undefined };
type ChangeOf = (id: JobId, index: number) => Extract<Change, { kind: "redrive" | "purge" }>;

export async function redriveRoute(request: DoorRequest, runtime: Runtime): Promise<Reply> {
  const faults: Fault[] = [];
  const members = await membersOf(request, ["ids", "operation", "errorCode", "rate"], faults);
  const selection = selectionOf(members, faults);
  const { rate } = members;
  const perSecond = typeof rate === "string" ? ratePerSecond(rate) : undefined;
  if (rate !== undefined && perSecond === undefined) {
    faults.push({ pointer: "/rate", detail: 'It must be a rate such as "50/s", "300/m" or "1000/h".' });
  }
  if (faults.length > 0) throw invalidInput(faults);
  const { store } = runtime;
  if (!store) return counted(0);
  const spread = perSecond === undefined ? () => 0 : await spreadOf(selection, perSecond, store.engine);
  const changeOf: ChangeOf = (id, index) => ({ kind: "redrive", id, delayMs: spread(index) });
  return applied("redrive", selection, rate, changeOf, runtime, store);
}

export async function purgeRoute(request: DoorRequest, runtime: Runtime): Promise<Reply> {
  const faults: Fault[] = [];
  const members = await membersOf(request, ["ids", "operation", "errorCode"], faults);
  const selection = selectionOf(members, faults);
  if (Object.keys(members).length === 0) {
    faults.push({ pointer: "", detail: "Say which: ids, operation or errorCode." });
  }
  if (faults.length > 0) throw invalidInput(faults);
  const { store } = runtime;
  if (!store) return counted(0);
  return applied("purge", selection, undefined, (id) => ({ kind: "purge", id }), runtime, store);
}

function selectionOf({ ids, operation, errorCode }: Members, faults: Fault[]): Selection {
  if (ids !== undefined && !isIds(ids)) {
    faults.push({ pointer: "/ids", detail: `It must be an array of at most ${MOST_IDS} ids.` });
  }
  const filter = {
    ...textMember("operation", operation, faults),
    ...textMember("errorCode", errorCode, faults),
  };
  if (ids !== undefined && (operation !== undefined || errorCode !== undefined)) {
    faults.push({ pointer: "/ids", detail: "Send ids, or operation and errorCode, not both." });
  }
  return { ...(isIds(ids) && { ids }), filter };
}

function isIds(value: JsonValue | undefined): value is readonly JobId[] {
  const isId = (id: JsonValue) => typeof id === "string" && id !== "" && id.length <= LONGEST_ID;
  return Array.isArray(value) && value.length <= MOST_IDS && value.every(isId);
}

function textMember(name: keyof Filter, value: JsonValue | undefined, faults: Fault[]): Filter {
  if (value === undefined) return {};
  if (typeof value === "string" && value !== "") return { [name]: value };
  faults.push({ pointer: `/${name}`, detail: "It must be a string that is not empty." });
  return {};
}

/** When the job at an index is due. Lists come newest first, so that the last one, the oldest, goes first. */
async function spreadOf({ ids, filter }: Selection, perSecond: number, engine: Engine) {
  const stepMs = 1_000 / perSecond;
  if (ids) return checkedSpread(ids.length, stepMs, (index) => index * stepMs);
  const groups = await engine.deadLetters();
  const total = groups
    .filter((group) => (filter.operation ?? group.operation) === group.operation)
    .filter((group) => (filter.errorCode ?? group.errorCode) === group.errorCode)
    .reduce((sum, { count }) => sum + count, 0);
  return checkedSpread(total, stepMs, (index) => Math.max(0, total - 1 - index) * stepMs);
}

function checkedSpread(total: number, stepMs: number, delayMs: (index: number) => number) {
  if ((total - 1) * stepMs > LONGEST_SPREAD_MS) {
    const detail = `At this rate ${total} jobs take longer than 30 days.`;
    throw invalidInput([{ pointer: "/rate", detail }]);
  }
  return (index: number) => Math.min(LONGEST_SPREAD_MS, Math.round(delayMs(index)));
}

async function applied(
  action: "redrive" | "purge",
  { ids, filter }: Selection,
  rate: JsonValue | undefined,
  changeOf: ChangeOf,
  runtime: Runtime,
  store: Store,
): Promise<Reply> {
  // The ids of those that were really changed: of a purge, all that is left to know them by.
  const done: Done = { count: 0, ids: ids && [] };
  try {
    await changeAll(ids ? chunks(ids) : matching(filter, store.engine), changeOf, store, done);
  } finally {
    // Also of what was done before something failed.
    const detail = JSON.stringify({ ...done, ...filter, rate });
    await audit(action, "jobs", detail, runtime, store);
  }
  return counted(done.count);
}

async function changeAll(
  batches: AsyncIterable<readonly JobId[]> | Iterable<readonly JobId[]>,
  changeOf: ChangeOf,
  { committer }: Store,
  done: Done,
): Promise<void> {
  let index = 0;
  for await (const batch of batches) {
    const answers = await Promise.all(batch.map((id) => committer.submit(changeOf(id, index++))));
    for (const [i, { kind }] of answers.entries()) {
      if (kind !== "applied") continue;
      done.count++;
      done.ids?.push(batch[i] as JobId);
    }
    for (const answer of answers) accept(answer);
  }
}

function accept(answer: Answer): void {
  if (answer.kind === "refused") throw refuse(answer.code, answer.detail);
}

function* chunks(ids: readonly JobId[]): Generator<readonly JobId[]> {
  for (let i = 0; i < ids.length; i += PAGE) yield ids.slice(i, i + PAGE);
}

/** Ends although a redriven job may soon fail again: the cursor only ever moves on to older jobs. */
async function* matching(filter: Filter, engine: Engine): AsyncGenerator<readonly JobId[]> {
  let cursor: string | null | undefined;
  while (cursor !== null) {
    const { items, next } = await engine.list({
      status: "failed",
      ...filter,
      limit: PAGE,
      ...(cursor !== undefined && { cursor }),
    });
    yield items.map(({ id }) => id);
    cursor = next;
  }
}

function counted(count: number): Reply {
  return reply(JSON.stringify({ count }));
}
