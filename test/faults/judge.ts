/**
 * Holds a store, as it is seen from outside when it is quiet, against what a client was told. Pure. "Could not
 * judge" is no verdict on the store: whoever runs a rig must be able to tell it from a loss.
 */
import assert from "node:assert/strict";
import { type Breach, type Entry, isFinal, type Ledger, type Receipt } from "./ledger.ts";

export type StoreView = {
  /** By id, of those that were acknowledged; `undefined`: there is none. */
  readonly receipts: ReadonlyMap<string, Receipt | undefined>;
  /** Jobs that had not ended when the time for it was up. */
  readonly unfinished: readonly string[];
  /** By tag: how often its effect was written. */
  readonly counts: ReadonlyMap<string, number>;
  /** By tag: how often what it sent has run. */
  readonly echoes: ReadonlyMap<string, number>;
  readonly totals: { readonly applied: number; readonly worth: number; readonly echoes: number };
  /** Every stored job that bears a tag, if they were walked. */
  readonly jobs?: readonly { readonly id: string; readonly tag: string }[];
};

export type Verdict =
  | { readonly kind: "held" }
  | { readonly kind: "broken"; readonly breaches: readonly Breach[] }
  | { readonly kind: "could not judge"; readonly why: string };

export type Unreadable = { readonly unreadable: string };

export function judge(ledger: Ledger, view: StoreView | Unreadable): Verdict {
  const seen = ledger.breaches;
  if ("unreadable" in view) {
    if (seen.length > 0) return { kind: "broken", breaches: seen };
    return { kind: "could not judge", why: view.unreadable };
  }
  if (ledger.answers === 0) return { kind: "could not judge", why: "Nothing was ever acknowledged." };
  const entries = [...ledger.entries.values()];
  const breaches = [
    ...seen,
    ...view.unfinished.map((id) => breach("stuck", `${id} has not ended.`)),
    ...receiptBreaches(ledger, view),
    ...entries.flatMap((entry) => entryBreaches(entry, view)),
    ...totalBreaches(ledger, view),
    ...jobBreaches(ledger, view),
  ];
  return breaches.length === 0 ? { kind: "held" } : { kind: "broken", breaches };
}

export const EXIT_CODES = { held: 0, broken: 1, "could not judge": 2 } as const satisfies Readonly<
  Record<Verdict["kind"], number>
>;

export function kindsOf(verdict: Verdict): readonly Breach["kind"][] {
  return verdict.kind === "broken" ? [...new Set(verdict.breaches.map(({ kind }) => kind))].sort() : [];
}

const SHOWN = 20;

export function assertHeld(verdict: Verdict, when: string): void {
  if (verdict.kind === "held") return;
  if (verdict.kind === "could not judge") assert.fail(`Could not judge, ${when}: ${verdict.why}`);
  const lines = verdict.breaches.slice(0, SHOWN).map(({ kind, detail }) => `  ${kind}: ${detail}`);
  assert.fail(`${verdict.breaches.length} breaches, ${when}:\n${lines.join("\n")}`);
}

function receiptBreaches(ledger: Ledger, { receipts }: StoreView): readonly Breach[] {
  const found: Breach[] = [];
  for (const [id, receipt] of receipts) {
    const tag = ledger.owners.get(id)?.tag;
    if (!receipt) found.push(breach("lost", `${id} of ${tag} was acknowledged and is unknown.`));
    else if (!isFinal(receipt)) found.push(breach("stuck", `${id} of ${tag} is ${receipt.status}.`));
    else if (ledger.cancels.get(id) === "acknowledged" && receipt.status !== "cancelled")
      found.push(
        breach("not cancelled", `${id} of ${tag} was told to be cancelled and is ${receipt.status}.`),
      );
    else if (receipt.status === "cancelled" && !ledger.cancels.has(id))
      found.push(breach("not cancelled", `${id} of ${tag} is cancelled, and nobody asked for that.`));
  }
  return found;
}

function entryBreaches(entry: Entry, view: StoreView): readonly Breach[] {
  const { tag, receipts, outputs, key } = entry;
  const found: Breach[] = [];
  const ends = [...receipts].flatMap((id) => view.receipts.get(id) ?? []);
  const all = new Set(outputs);
  for (const { status, output } of ends) if (status === "succeeded") all.add(JSON.stringify(output));
  const ids = new Set<unknown>([...receipts, ...[...all].map(runOf)]);
  if (ids.size > 1) found.push(breach("two ids", `${tag} (key ${key}) has ${[...ids].join(" and ")}.`));
  if (all.size > 1) found.push(breach("two outputs", `${tag} (key ${key}) has ${[...all].join(" and ")}.`));
  const count = view.counts.get(tag) ?? 0;
  const echoes = view.echoes.get(tag) ?? 0;
  const [least, most] = rightCounts(entry, ends);
  if (count > 1) found.push(breach("doubled", `${tag} was written ${count} times.`));
  else if (count < least) found.push(breach("lost", `${tag} was acknowledged and is not written.`));
  else if (count > most) found.push(breach("half-written", `${tag} did not succeed and is written.`));
  if (echoes > 1) found.push(breach("doubled", `What ${tag} sent was run ${echoes} times.`));
  else if (echoes < Math.min(count, 1)) found.push(breach("lost", `What ${tag} sent was not run.`));
  else if (echoes > count)
    found.push(breach("half-written", `${tag} is not written and what it sent was run.`));
  return found;
}

/** How often the effect may have been written, by all that the client was told. */
function rightCounts(entry: Entry, ends: readonly Receipt[]): readonly [least: number, most: number] {
  const { outputs, receipts, isUnknown } = entry;
  if (outputs.size > 0) return [1, 1];
  const succeeded = ends.some(({ status }) => status === "succeeded");
  // A receipt that is not there tells nothing of the effect; it is a loss of its own.
  if (receipts.size > 0) return ends.length < receipts.size ? [0, 1] : succeeded ? [1, 1] : [0, 0];
  return [0, isUnknown ? 1 : 0];
}

function totalBreaches(ledger: Ledger, { counts, echoes, totals }: StoreView): readonly Breach[] {
  const found: Breach[] = [];
  let worth = 0;
  for (const tag of counts.keys()) {
    const entry = ledger.entries.get(tag);
    if (!entry) found.push(breach("invented", `${tag} is written, and nobody called for it.`));
    worth += entry?.worth ?? 0;
  }
  const expected = { applied: counts.size, worth, echoes: echoes.size };
  for (const field of ["applied", "worth", "echoes"] as const) {
    if (totals[field] === expected[field]) continue;
    found.push(
      breach(
        "drifted",
        `The total of ${field} is ${totals[field]}, and all rows come to ${expected[field]}.`,
      ),
    );
  }
  return found;
}

/** A call is stored once, whether its caller heard of it or not. */
function jobBreaches(ledger: Ledger, { jobs = [] }: StoreView): readonly Breach[] {
  const found: Breach[] = [];
  const byTag = new Map<string, string>();
  for (const { id, tag } of jobs) {
    const other = byTag.get(tag);
    if (!ledger.entries.has(tag))
      found.push(breach("invented", `${id} is for ${tag}, which nobody called for.`));
    if (other !== undefined) found.push(breach("doubled", `${tag} is stored as both ${other} and ${id}.`));
    byTag.set(tag, id);
  }
  return found;
}

/** The id that the handler was shown, which the operations of the ledger app answer. */
function runOf(output: string): unknown {
  return (JSON.parse(output) as { runId?: unknown } | null)?.runId;
}

function breach(kind: Breach["kind"], detail: string): Breach {
  return { kind, detail };
}
