/**
 * What a client knows: every call it made and everything it was told about it, and nothing else. `judge.ts` holds a
 * store against it afterwards. A call that got no answer is unknown: it may have happened or not, but not twice.
 */
import type { Heard } from "./client.ts";

export type Receipt = {
  readonly id: string;
  readonly status: "queued" | "running" | "succeeded" | "failed" | "cancelled";
  readonly revision: number;
  readonly output?: unknown;
  readonly error?: { readonly code: string };
};

export type Call = {
  /** Names the effect. No two calls have one, but for repeats under one key. */
  readonly tag: string;
  readonly operation: string;
  readonly key?: string;
  /** How much this call's effect adds to the total. */
  readonly worth: number;
};

export type Entry = Call & {
  sends: number;
  refusals: number;
  /** Receipts that were acknowledged for it; one at most, if all is well. */
  readonly receipts: Set<string>;
  /** The different outputs that it was answered, as JSON; one at most, if all is well. */
  readonly outputs: Set<string>;
  /** Its end, where a repeat was told that there is one without an output. */
  ended: "failed" | "cancelled" | undefined;
  /** A send had no answer, and nothing that was heard since says what became of it. */
  isUnknown: boolean;
};

export type Breach = {
  readonly kind:
    | "lost"
    | "stuck"
    | "doubled"
    | "half-written"
    | "invented"
    | "drifted"
    | "two ids"
    | "two outputs"
    | "went back"
    | "not cancelled"
    | "false refusal";
  readonly detail: string;
};

export type Cancel = "asked" | "acknowledged";

export class Ledger {
  readonly entries = new Map<string, Entry>();
  /** By receipt: the last state that was seen. */
  readonly seen = new Map<string, Receipt>();
  readonly owners = new Map<string, Entry>();
  readonly cancels = new Map<string, Cancel>();
  /** What was seen to be wrong while it ran. */
  readonly breaches: Breach[] = [];
  answers = 0;

  /** Before a call is sent: what is not written down first cannot be missed later. */
  send(call: Call): Entry {
    const known = this.entries.get(call.tag);
    const entry = known ?? {
      ...call,
      sends: 0,
      refusals: 0,
      receipts: new Set(),
      outputs: new Set(),
      ended: undefined,
      isUnknown: false,
    };
    if (!known) this.entries.set(call.tag, entry);
    else if (call.key === undefined) throw new Error(`"${call.tag}" was sent twice without a key.`);
    entry.sends++;
    return entry;
  }

  /**
   * @param floor what was known of its receipt before it was sent, if it was sent before
   * @param wasAcknowledged before it was sent: of two sends at once, the repeat may be answered first
   */
  hear(entry: Entry, heard: Heard, floor?: Receipt, wasAcknowledged = isAcknowledged(entry)): void {
    if (heard.kind === "silence") {
      entry.isUnknown = !isAcknowledged(entry);
      return;
    }
    const { status, headers, body } = heard;
    const location = headers["content-location"];
    if (status === 202) this.#accepted(entry, body as Receipt, floor);
    else if (status !== 200)
      this.#problem(entry, body, headers["idempotency-replayed"] === "true", wasAcknowledged);
    else
      this.#answered(
        entry,
        body,
        typeof location === "string" ? location.slice("/receipts/".length) : undefined,
      );
  }

  /** One item of a batch's answer. */
  hearItem(entry: Entry, item: unknown): void {
    const { id } = item as { id?: string };
    // A batch says no more than which receipt it is; where that one is, is asked when it is judged.
    if (id !== undefined) this.#known(entry, id);
    else {
      const isReplay = entry.sends > 1 && !isForNow((item as { code: string }).code);
      this.#problem(entry, item, isReplay, isAcknowledged(entry));
    }
  }

  /** The least that an observation which begins now must show. */
  floor(id: string): Receipt | undefined {
    return this.seen.get(id);
  }

  /** @param floor what was known before the question was asked: two questions at once may be answered in any order */
  observe(receipt: Receipt, floor: Receipt | undefined): void {
    // Another receipt for the same call is a breach of its own.
    if (floor?.id === receipt.id) this.#compare(floor, receipt);
    const last = this.seen.get(receipt.id);
    if (!last || last.revision < receipt.revision) this.seen.set(receipt.id, receipt);
  }

  /** A receipt was asked for. */
  look(id: string, heard: Heard, floor: Receipt | undefined): void {
    if (heard.kind === "silence") return;
    if (heard.status === 200) this.observe(heard.body as Receipt, floor);
    if (heard.status === 404) this.#breach("lost", `${id} was acknowledged, and is unknown.`);
  }

  /** A cancel that is not answered may have been done, which a receipt that says "cancelled" allows. */
  askCancel(id: string): void {
    if (!this.cancels.has(id)) this.cancels.set(id, "asked");
  }

  hearCancel(id: string, heard: Heard, floor: Receipt | undefined): void {
    if (heard.kind === "silence" || heard.status >= 500) return;
    if (heard.status === 404)
      this.#breach("lost", `${id} was acknowledged, and its cancel was told of none.`);
    if (heard.status === 200) this.cancels.set(id, "acknowledged");
    if (heard.status === 200 || heard.status === 202) this.observe(heard.body as Receipt, floor);
  }

  /** Keyed calls of which nobody has said yet what became of them: to be repeated. */
  open(): readonly Entry[] {
    return [...this.entries.values()].filter(({ key, isUnknown }) => key !== undefined && isUnknown);
  }

  /** Of how much was told what; the ends are those that were seen. */
  figures() {
    const entries = [...this.entries.values()];
    const ends = Object.groupBy(this.seen.values(), ({ status }) => status);
    const count = (where: (entry: Entry) => boolean) => entries.filter(where).length;
    return {
      calls: entries.reduce((sum, { sends }) => sum + sends, 0),
      tags: entries.length,
      answered: count(({ outputs }) => outputs.size > 0),
      receipts: this.owners.size,
      succeeded: ends.succeeded?.length ?? 0,
      failed: ends.failed?.length ?? 0,
      cancelled: ends.cancelled?.length ?? 0,
      refused: count((entry) => entry.refusals > 0 && !isAcknowledged(entry)),
      unknown: count(({ isUnknown }) => isUnknown),
      repeated: count(({ sends }) => sends > 1),
      cancels: this.cancels.size,
    };
  }

  #accepted(entry: Entry, receipt: Receipt, floor: Receipt | undefined): void {
    this.#known(entry, receipt.id);
    this.observe(receipt, floor);
  }

  #answered(entry: Entry, output: unknown, id: string | undefined): void {
    this.answers++;
    entry.isUnknown = false;
    entry.outputs.add(JSON.stringify(output));
    if (id !== undefined) this.#known(entry, id);
  }

  #known(entry: Entry, id: string): void {
    this.answers++;
    entry.isUnknown = false;
    entry.receipts.add(id);
    const owner = this.owners.get(id) ?? entry;
    this.owners.set(id, owner);
    if (owner !== entry) this.#breach("two ids", `${id} was given to both ${owner.tag} and ${entry.tag}.`);
  }

  #problem(entry: Entry, body: unknown, replayed: boolean, wasAcknowledged: boolean): void {
    const code = (body as { code?: string } | undefined)?.code;
    entry.refusals++;
    // Told for now only: what became of an earlier send is as unknown as before.
    if (isForNow(code)) return;
    entry.isUnknown = false;
    if (code === "cancelled") entry.ended = "cancelled";
    else if (replayed) entry.ended = "failed";
    else if (wasAcknowledged)
      this.#breach("false refusal", `${entry.tag} was acknowledged, and its repeat was told ${code}.`);
  }

  #compare(before: Receipt, after: Receipt): void {
    const told = `${after.id} was ${before.status} at revision ${before.revision}, then ${after.status} at ${after.revision}`;
    if (after.revision < before.revision) this.#breach("went back", `${told}.`);
    if (!isFinal(before)) return;
    if (after.status !== before.status || JSON.stringify(after.output) !== JSON.stringify(before.output))
      this.#breach("went back", `${told}, after its end.`);
  }

  #breach(kind: Breach["kind"], detail: string): void {
    this.breaches.push({ kind, detail });
  }
}

export function isFinal({ status }: Receipt): boolean {
  return status !== "queued" && status !== "running";
}

export function isAcknowledged({ outputs, receipts, ended }: Entry): boolean {
  return outputs.size > 0 || receipts.size > 0 || ended !== undefined;
}

/** Answers that say nothing of the call itself, only that now is not the time. */
function isForNow(code: string | undefined): boolean {
  return [
    "idempotency-in-flight",
    "saturated",
    "paused",
    "draining",
    "storage-unavailable",
    "internal",
  ].includes(code ?? "");
}
