/** The engine of a function of AWS Lambda: the same in all but where its jobs come from. */
import type { AnswerOf, EngineHost, EngineLimits, Lease, NewCall } from "../../core/engine.ts";
import type { Job, JobId } from "../../core/job.ts";
import type { Shares } from "../../core/share.ts";
import { Database } from "./database.ts";
import type { Adopted, DeliveredEngine } from "./delivered.ts";
import { Deliveries } from "./deliveries.ts";
import { AwsEngine, type Opened, storeOf } from "./engine.ts";
import { exhausted } from "./exhausted.ts";
import { Counts } from "./figures.ts";
import { Handed } from "./handed.ts";
import { open } from "./jobs.ts";
import type { Message } from "./message.ts";
import { type Settled, sharedLimits } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { Pauses } from "./pauses.ts";
import { Queues } from "./queues.ts";
import { Settings } from "./settings.ts";
import { Slots } from "./shares.ts";
import { sweep } from "./sweep.ts";
import { sideBySide } from "./turns.ts";
import { Watchers } from "./watchers.ts";

/** Ids are told apart by chance alone here, so that no cold start has to look for the last sequence. */
const NO_SEQUENCE = 0;

/** A job may wait and be redriven before it ends, and its record is kept from then on. */
const NAME_BEYOND_MS = 60 * 24 * 3_600_000;

/** A function that asks finds nothing: what is ready is on its way to one that is called for it. */
const NO_CLAIMS: Opened["claims"] = {
  claim: async (): Promise<AnswerOf<"claim">> => ({ kind: "claimed", claims: [], full: [] }),
  settled: async () => {},
  close: async () => {},
};

type Handing = {
  readonly handed: Handed;
  readonly deliveries: Deliveries;
  readonly outbox: Outbox;
  readonly slots: Slots;
  readonly watchers: Watchers;
};

export async function openHanded(
  options: Settled,
  limits: EngineLimits,
  host: EngineHost,
): Promise<DeliveredEngine> {
  const { table, clients, retention } = options;
  const operations = Object.keys(options.queues);
  const shared = sharedLimits();
  const database = new Database(table, clients.dynamodb, host);
  const queues = new Queues(clients.sqs, options.queues, host.clock);
  const handed = new Handed(queues, host.clock);
  const { store, sending } = storeOf({ database, queues, retention, host, mode: handed });
  const settings = new Settings(database, host, retention.auditMs);
  const pauses = new Pauses(settings, host.clock, operations, shared.limitsOf);
  const handing = {
    handed,
    deliveries: new Deliveries(store, handed, pauses),
    outbox: new Outbox(store, pauses, operations),
    slots: new Slots({ client: clients.dynamodb, table, clock: host.clock, random: host.random, ...shared }),
    watchers: new Watchers(table, clients.dynamodb, host),
  };
  const secret = await settings.secret();
  const opened = {
    store,
    // Here a message stays until its job has ended.
    counts: new Counts(store, "hidden messages run"),
    settings,
    secret,
    operations,
    sending,
    claims: NO_CLAIMS,
    lastSequence: NO_SEQUENCE,
  };
  return new HandedEngine(opened, limits, handing);
}

class HandedEngine extends AwsEngine implements DeliveredEngine {
  readonly shares: Shares;
  readonly watchers: Watchers;
  readonly #handing: Handing;

  constructor(opened: Opened, limits: EngineLimits, handing: Handing) {
    super(opened, limits);
    this.#handing = handing;
    this.shares = handing.slots;
    this.watchers = handing.watchers;
  }

  /** Nothing is to be heard: messages are brought. */
  override listen(): void {}

  override async sweep(limit: number) {
    const [swept, isMoreDue, isMoreToSee] = await sideBySide([
      sweep(this.store, limit),
      this.#handing.outbox.send(limit),
      this.longWaits.send(),
    ]);
    return { ...swept, more: isMoreDue || isMoreToSee };
  }

  async deliver(messages: readonly Message[], leaseMs: number) {
    void this.store;
    return this.#handing.deliveries.deliver(messages, leaseMs);
  }

  async adopt(call: NewCall, acceptedAt: number): Promise<Adopted> {
    const { answer, notice } = await open(this.store, call, this.store.ticks.take(), acceptedAt);
    if (answer.kind !== "existing") return { answer, isOwn: answer.kind === "opened" };
    const [record] = await this.find([{ id: call.id, principal: call.principal }]);
    const isAgain = record?.details.receipt !== undefined && record.details.receipt === call.details.receipt;
    // One whose own message was never sent is glad of this one.
    return { answer, isOwn: isAgain || notice !== undefined };
  }

  async nameReceipt(receipt: JobId, job: Job) {
    const { retention, host } = this.store;
    const longest = Math.max(retention.succeededMs, retention.failedMs);
    await this.names.give(receipt, job, host.clock.now() + longest + NAME_BEYOND_MS);
  }

  async jobOf(receipt: JobId) {
    const [name] = await this.names.named([receipt]);
    return name?.id ?? receipt;
  }

  fateOf(lease: Lease) {
    return this.#handing.handed.fateOf(lease);
  }

  async hide(message: Message, ms: number) {
    return this.store.queues.hide(message, ms);
  }

  async exhausted(messages: readonly Message[]) {
    return exhausted(this.store, messages);
  }

  async quiet() {
    const { sending } = this.opened;
    while (sending.size > 0) await Promise.all(sending);
    await this.#handing.slots.quiet();
  }
}
