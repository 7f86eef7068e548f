/**
 * What a node tells the others by NOTIFY after its commits, and what it hears from them: queued work, receipts and
 * principals by name. What comes while one telling is under way goes out with the next, so there is one a group at
 * most; of a small group it goes right behind the commit. Only hints: what is lost is found by whoever looks once a
 * second.
 */
import type { Answer, Change, EngineHost } from "../../core/engine.ts";
import { ANONYMOUS, type Job } from "../../core/job.ts";
import { isPlainSuccess } from "./successes.ts";

/** A payload must be shorter than 8,000 bytes. */
const PAYLOAD_BYTES = 7_900;
/** Longer ones are not told: whoever it concerns looks by himself. */
const LONGEST_LINE_BYTES = 4_000;
/** Jobs of one claim that others are told of when they begin. */
const MOST_BEGUN = 64;
/** As many jobs as one claim takes. */
const MOST_OF_A_QUEUE = 512;
/** Changes of a group that is foretold. Of a crowd is told together, and not by those who are to write for the next. */
const MOST_FORETOLD = 8;

type Queued = { now: number; later: number | undefined };

/** Not told yet. */
class Pending {
  readonly queues = new Map<string, Queued>();
  readonly receipts = new Set<string>();
  readonly principals = new Set<string>();
  readonly controls = new Set<string>();

  /** The first letter says what is named. Principals are any text; operations have no space in them. */
  *lines(): Generator<string> {
    for (const name of this.controls) yield `c${name}`;
    for (const [operation, { now, later }] of this.queues)
      if (now > 0 || later) yield `q${operation} ${Math.min(now, MOST_OF_A_QUEUE)} ${later ?? ""}`;
    for (const id of this.receipts) yield `r${id}`;
    for (const principal of this.principals) yield `p${JSON.stringify(principal)}`;
  }
}

export class Notices {
  readonly #node: string;
  readonly #hint: NonNullable<EngineHost["hint"]>;
  #pending = new Pending();
  #telling = false;
  /** Behind a commit, which may wait for another's lock: what else there is to tell does not wait for it. */
  #foretelling = false;
  readonly #foretold = new WeakSet<Change>();
  /** Sends payloads to all who listen; fails where they cannot be sent, which is no harm. */
  #tell: ((payloads: readonly string[]) => Promise<unknown>) | undefined;

  /** @param node tells this node's own notices from others'. */
  constructor(node: string, hint: EngineHost["hint"]) {
    this.#node = node;
    this.#hint = hint ?? (() => {});
  }

  /** From now on, or not at all while nobody listens. */
  tellBy(tell: ((payloads: readonly string[]) => Promise<unknown>) | undefined): void {
    this.#tell = tell;
    if (!tell) this.#pending = new Pending();
  }

  /**
   * What is known of a few changes before they are committed, is told by whoever commits them, right behind the commit:
   * that spares a round trip. Should they not be committed, somebody looks for nothing. What cannot be told there, as
   * behind a pooler where the statement's name is taken, is told like all the rest.
   */
  foretell(changes: readonly Change[], tell: (payloads: readonly string[]) => Promise<unknown>): void {
    if (!this.#tell || this.#telling || this.#foretelling || changes.length > MOST_FORETOLD) return;
    for (const change of changes) if (this.#foresee(change)) this.#foretold.add(change);
    const payloads = this.#take();
    if (payloads.length === 0) return;
    this.#foretelling = true;
    tell(payloads)
      .catch(() => this.#tell?.(payloads))
      .catch(() => {})
      .finally(() => {
        this.#foretelling = false;
      });
  }

  /** They were not committed, or nobody knows. */
  takeBack(changes: readonly Change[]): void {
    for (const change of changes) this.#foretold.delete(change);
  }

  /** A group was committed. Waits for nothing. */
  committed(changes: readonly Change[], answers: readonly Answer[]): void {
    if (!this.#tell) return;
    for (let i = 0; i < changes.length; i++) this.#add(changes[i] as Change, answers[i] as Answer);
    for (let i = 0; i < changes.length; i++) this.#leaveOut(changes[i] as Change, answers[i] as Answer);
    this.#flush();
  }

  /** These were changed by something else than a group. */
  changed(jobs: readonly Job[]): void {
    if (!this.#tell) return;
    for (const job of jobs) this.#name(job);
    this.#flush();
  }

  /** What all nodes, or one of them, should look at. */
  control(names: readonly string[]): void {
    if (!this.#tell) return;
    for (const name of names) this.#pending.controls.add(name);
    this.#flush();
  }

  /** Hints what another node told. Answers false for what this one told itself. */
  heard(payload: string): boolean {
    const [node, ...lines] = payload.split("\n");
    if (node === this.#node) return false;
    for (const line of lines) this.#hear(line.slice(0, 1), line.slice(1));
    return true;
  }

  #foresee(change: Change): boolean {
    if (change.kind === "open" && change.call.start === "queued" && change.call.delayMs === 0) {
      const { operation, principal } = change.call;
      this.#queued(operation, undefined);
      this.#involve(principal);
      return true;
    }
    if (change.kind !== "settle" || !isPlainSuccess(change.settlement)) return false;
    const { id, principal } = change.settlement.claimed;
    this.#pending.receipts.add(id);
    this.#involve(principal);
    return true;
  }

  #add(change: Change, answer: Answer): void {
    if (this.#foretold.has(change)) return;
    switch (answer.kind) {
      case "opened":
        return this.#name(answer.job);
      case "applied":
        if (answer.job) this.#name(answer.job);
        if (change.kind !== "settle") return;
        for (const { operation, delayMs } of change.settlement.sends)
          if (delayMs === 0) this.#queued(operation, undefined);
        return;
      case "requested":
        this.#pending.controls.add("cancels");
        return this.#name(answer.job);
      case "cancelled":
        return this.#name(answer.job);
      case "claimed":
        // Of a crowd that begins nobody is told: whoever watches one sees it when it ends, or within a second.
        if (answer.claims.length <= MOST_BEGUN) for (const { job } of answer.claims) this.#name(job);
        return;
      case "done":
        if (change.kind === "set") this.#pending.controls.add("settings");
    }
  }

  /** What this node has claimed itself is nothing to tell the others of. */
  #leaveOut(change: Change, answer: Answer): void {
    if (change.kind !== "claim" || answer.kind !== "claimed") return;
    for (const { operation } of change.queues) {
      const queued = this.#pending.queues.get(operation);
      if (queued) queued.now = answer.full.includes(operation) ? Math.max(1, queued.now) : 0;
    }
  }

  #name(job: Job): void {
    if (!job.listed) return;
    const { receipts } = this.#pending;
    // Nobody can be watching a receipt that is being given.
    if (job.revision > 1) receipts.add(job.id);
    this.#involve(job.principal);
    if (job.status === "queued")
      this.#queued(job.operation, job.availableAt > job.updatedAt ? job.availableAt : undefined);
  }

  #involve(principal: string): void {
    if (principal !== ANONYMOUS) this.#pending.principals.add(principal);
  }

  #queued(operation: string, dueAt: number | undefined): void {
    const { queues } = this.#pending;
    const queued = queues.get(operation) ?? { now: 0, later: undefined };
    queues.set(operation, queued);
    if (dueAt === undefined) queued.now++;
    else queued.later = Math.min(dueAt, queued.later ?? dueAt);
  }

  /** At once, or when the telling that is under way has ended. */
  #flush(): void {
    if (this.#telling || !this.#tell) return;
    const payloads = this.#take();
    if (payloads.length === 0) return;
    this.#telling = true;
    this.#tell(payloads)
      .catch(() => {})
      .finally(() => {
        this.#telling = false;
        this.#flush();
      });
  }

  #take(): readonly string[] {
    const payloads = payloadsOf(this.#node, this.#pending);
    this.#pending = new Pending();
    return payloads;
  }

  #hear(kind: string, said: string): void {
    if (kind === "r") this.#hint("receipt", said);
    else if (kind === "p") this.#hint("principal", textIn(said));
    else if (kind === "c") this.#hint("control", said);
    else if (kind === "q") {
      const [operation = "", now, later] = said.split(" ");
      for (let count = Math.min(Number(now), MOST_OF_A_QUEUE); count > 0; count--)
        this.#hint("queue", operation);
      if (later) this.#hint("queue", operation, Number(later));
    }
  }
}

/** Whoever may connect to the database may notify: what is no text of ours names nobody. */
function textIn(json: string): string {
  try {
    return String(JSON.parse(json));
  } catch {
    return "";
  }
}

/** Each begins with the node that tells, and has a line for each name. */
function payloadsOf(node: string, pending: Pending): readonly string[] {
  const payloads: string[] = [];
  let payload = node;
  let bytes = Buffer.byteLength(node);
  for (const line of pending.lines()) {
    const more = Buffer.byteLength(line) + 1;
    if (more > LONGEST_LINE_BYTES) continue;
    if (bytes + more > PAYLOAD_BYTES) {
      payloads.push(payload);
      payload = node;
      bytes = Buffer.byteLength(node);
    }
    payload += `\n${line}`;
    bytes += more;
  }
  return payload === node ? payloads : [...payloads, payload];
}
