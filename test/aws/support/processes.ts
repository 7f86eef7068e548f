/**
 * Processes of an app at work on one store, as far as the engine sees them: one that asks for its jobs, and one that
 * is handed them by a queue's mapping, which outlives it.
 */
import { DeleteMessageCommand, ReceiveMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { Claim, Engine, NewCall } from "../../../src/core/engine.ts";
import { aws, type DeliveredEngine, deliveredAws } from "../../../src/engines/aws/index.ts";
import { type Message, messageOf } from "../../../src/engines/aws/message.ts";
import { SeededRandom } from "../../support/seeded-random.ts";
import type { TestClock } from "../../support/test-clock.ts";
import { intercept, type Rule } from "./faults.ts";
import { Caller, type Kind, LEASE_MS, type Ledger, OPERATION } from "./jobs.ts";
import type { Rig, Store } from "./rig.ts";

export type Place = { readonly on: Rig; readonly store: Store; readonly clock: TestClock };

export type Start = {
  readonly seed: number;
  readonly rule?: Rule;
  /** Hands on what the queue had: in another order, some twice, some that came before. */
  readonly deliver?: <M>(messages: readonly M[]) => readonly M[];
};

const CONFLICTS = 50;

export abstract class Process {
  readonly caller: Caller;
  readonly place: Place;
  readonly ledger: Ledger;

  constructor(place: Place, seed: number, ledger: Ledger) {
    this.place = place;
    this.ledger = ledger;
    this.caller = new Caller(place.clock, new SeededRandom(seed + 1_000_000));
  }

  abstract get engine(): Engine;
  /** Runs what is ready; how many there were. */
  abstract work(): Promise<number>;

  async accept(kind: Kind, more: Partial<NewCall> = {}): Promise<string | undefined> {
    const call = this.caller.call(kind, more);
    const [answer] = await this.engine.commit([{ kind: "open", call }]);
    if (answer?.kind !== "opened" && answer?.kind !== "existing") return undefined;
    this.ledger.accepted.set(call.id, kind);
    return call.id;
  }

  async cancel(id: string): Promise<void> {
    this.ledger.doomed.add(id);
    const [answer] = await this.engine.commit([{ kind: "cancel", ref: { id, principal: "ann" } }]);
    if (answer?.kind === "cancelled") this.ledger.cancelled.add(id);
  }

  /** Opened, as what is to be kept if it is lost, and run at once. */
  async runAtOnce(kind: Kind): Promise<void> {
    const { call, lease } = this.caller.atOnce(kind, "queue");
    const [answer] = await this.engine.commit([{ kind: "open", call }]);
    if (answer?.kind !== "opened") return;
    this.ledger.accepted.set(call.id, kind);
    await this.settle({ lease, input: call.input, number: 1 });
  }

  /** Never opened: its record and its effects are there together, or not at all. */
  async bornSettled(): Promise<void> {
    const { call, lease } = this.caller.atOnce("plain", "forget");
    if (await this.settle({ lease, input: call.input, number: 1 }, call)) this.ledger.ended.add(call.id);
  }

  /** Whether it is heard that the outcome is there. */
  protected async settle(
    run: Pick<Claim, "lease" | "input"> & { readonly number: number },
    born?: NewCall,
  ): Promise<boolean> {
    for (let tries = 0; tries < CONFLICTS; tries++) {
      const settlement = { ...(await this.caller.attempt(this.engine, run)), ...(born && { born }) };
      const [answer] = await this.engine.commit([{ kind: "settle", settlement }]);
      if (answer?.kind !== "conflict")
        return answer?.kind === "applied" && settlement.verdict.kind === "succeeded";
    }
    return false;
  }

  protected perform({ job, input, lease }: Claim): Promise<boolean> {
    return this.settle({ lease, input, number: job.attempt });
  }
}

class Asking extends Process {
  readonly engine: Engine;

  constructor(place: Place, seed: number, ledger: Ledger, engine: Engine) {
    super(place, seed, ledger);
    this.engine = engine;
  }

  async work(): Promise<number> {
    const queues = [{ operation: OPERATION, limit: 10 }];
    const claim = { kind: "claim", queues, token: this.caller.token(), leaseMs: LEASE_MS } as const;
    const [answer] = await this.engine.commit([claim]);
    if (answer?.kind !== "claimed") return 0;
    for (const claimed of answer.claims) await this.perform(claimed);
    return answer.claims.length;
  }
}

class Handed extends Process {
  readonly engine: DeliveredEngine;
  readonly #deliver: NonNullable<Start["deliver"]>;

  constructor(place: Place, { seed, deliver }: Start, ledger: Ledger, engine: DeliveredEngine) {
    super(place, seed, ledger);
    this.engine = engine;
    this.#deliver = deliver ?? ((messages) => messages);
  }

  /** One invocation with what the queue has. The mapping deletes what the function is done with, if it answers. */
  async work(): Promise<number> {
    const { on, store, clock } = this.place;
    const QueueUrl = store.queues[OPERATION] ?? "";
    const sqs = on.sqs(() => clock.now());
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ["All"] }),
    );
    const messages = this.#deliver(Messages.map((received) => messageOf(received, QueueUrl)));
    const deliveries = await this.engine.deliver(messages, LEASE_MS);
    const hidden: (readonly [Message, number])[] = [];
    const done: Message[] = [];
    for (const [place, delivered] of deliveries.entries()) {
      const message = messages[place] as Message;
      if (delivered.kind === "claimed") {
        await this.perform(delivered.claim);
        const fate = this.engine.fateOf(delivered.claim.lease);
        if (fate.kind === "delete") done.push(message);
        if (fate.kind === "hide") hidden.push([message, fate.ms]);
      } else if (delivered.kind === "later") hidden.push([message, delivered.hideMs]);
      else done.push(message);
    }
    for (const [message, ms] of hidden) await this.engine.hide(message, ms);
    await this.engine.quiet();
    for (const { receiptHandle: ReceiptHandle } of done) {
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
    sqs.destroy();
    return messages.length;
  }
}

export type Way = "asking" | "handed";

export async function begin(way: Way, place: Place, start: Start, ledger: Ledger): Promise<Process> {
  const { on, store, clock } = place;
  const dynamodb = on.dynamodb();
  const sqs = on.sqs(() => clock.now());
  for (const client of [dynamodb, sqs]) if (start.rule) intercept(client, start.rule);
  if (start.deliver && way === "asking") handOn(sqs, start.deliver);
  const options = {
    table: store.table,
    queues: store.queues,
    clients: { dynamodb: () => dynamodb, sqs: () => sqs },
  };
  const host = {
    clock,
    random: new SeededRandom(start.seed),
    onFatal: () => undefined,
  };
  return way === "asking"
    ? new Asking(place, start.seed, ledger, await aws(options).open(host))
    : new Handed(place, start, ledger, await deliveredAws(options).open(host));
}

function handOn(sqs: SQSClient, deliver: NonNullable<Start["deliver"]>): void {
  sqs.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args);
      const output = answer.output as { Messages?: readonly unknown[] };
      return output.Messages === undefined
        ? answer
        : { ...answer, output: { ...answer.output, Messages: deliver(output.Messages) } };
    },
    { step: "initialize", name: "handOn" },
  );
}
