/** The crashes that docs/adr/0011-aws.md names, one by one: what each leaves, and what mends it. */
import assert from "node:assert/strict";
import { before, suite, test } from "node:test";
import { ADMIN, type Claim } from "../../src/core/engine.ts";
import type { DeliveredEngine } from "../../src/engines/aws/index.ts";
import type { Message } from "../../src/engines/aws/message.ts";
import { Queues } from "../../src/engines/aws/queues.ts";
import { TestClock } from "../support/test-clock.ts";
import { until } from "../wire/support/wait.ts";
import type { Fault, Rule } from "./support/faults.ts";
import { type Kind, LEASE_MS, Ledger, OPERATION } from "./support/jobs.ts";
import { begin, type Place, type Process, type Way } from "./support/processes.ts";
import { type Rig, rig, withoutMoto } from "./support/rig.ts";
import { whileRunning } from "./support/running.ts";

const DONE = { kind: "succeeded", output: "null" } as const;
const NOTHING = { reads: [], writes: [], sends: [] };

suite("the way back of a job", { skip: withoutMoto }, () => {
  let on: Rig;
  before(async () => {
    on = await rig();
  });

  /** Faults of requests with a name, from the moment they are set. */
  type Faults = Partial<Record<string, Fault>>;
  type Use = {
    readonly process: Process;
    readonly faults: Faults;
    readonly requests: string[];
    readonly clock: TestClock;
    /** As the queue's mapping has it. */
    receive(): Promise<readonly Message[]>;
    another(way: Way): Promise<Process>;
    statusOf(id: string): Promise<string | undefined>;
  };
  const promise = (way: Way, sentence: string, keep: (use: Use) => Promise<void>) =>
    test(`${sentence} (${way})`, async () => {
      const store = await on.newStore([OPERATION]);
      const clock = new TestClock();
      const place: Place = { on, store, clock };
      const faults: Faults = {};
      const requests: string[] = [];
      const rule: Rule = ({ name }) => {
        requests.push(name);
        return faults[name];
      };
      const process = await begin(way, place, { seed: 1, rule }, new Ledger());
      const sqs = on.sqs(() => clock.now());
      const queues = new Queues(() => sqs, store.queues, clock);
      await keep({
        process,
        faults,
        requests,
        clock,
        receive: () => queues.receive(OPERATION, 10),
        another: (other) => begin(other, place, { seed: 2 }, new Ledger()),
        async statusOf(id) {
          const [record] = await process.engine.find([{ id, principal: ADMIN }]);
          return record?.status;
        },
      });
      await store.remove();
    });

  const accepted = async (process: Process, kind: Kind = "plain") => {
    const id = await process.accept(kind);
    assert.ok(id, "accepted");
    return id;
  };
  const claimed = async (process: Process): Promise<Claim> => {
    const queues = [{ operation: OPERATION, limit: 1 }];
    const claim = { kind: "claim", queues, token: process.caller.token(), leaseMs: LEASE_MS } as const;
    const [answer] = await process.engine.commit([claim]);
    assert.ok(answer?.kind === "claimed" && answer.claims[0], "claimed");
    return answer.claims[0];
  };
  const settled = async (process: Process, { lease }: Claim) => {
    const [answer] = await process.engine.commit([
      { kind: "settle", settlement: { lease, verdict: DONE, ...NOTHING } },
    ]);
    return answer?.kind;
  };
  const handed = ({ engine }: Process) => engine as DeliveredEngine;
  const delivered = async (process: Process, messages: readonly Message[]): Promise<Claim> => {
    const [first] = await handed(process).deliver(messages, LEASE_MS);
    assert.ok(first?.kind === "claimed", `claimed, not ${first?.kind}`);
    return first.claim;
  };

  for (const way of ["asking", "handed"] as const) {
    promise(way, "of which nobody could be told is taken back at once, and the call refused", async (use) => {
      const { process, faults, clock, statusOf } = use;
      faults["SendMessageBatch"] = "unheard";
      const call = process.caller.call("plain");
      const opening = process.engine.commit([{ kind: "open", call }]);
      const answer = await whileRunning(clock, opening);
      assert.equal(answer[0]?.kind === "refused" && answer[0].code, "storage-unavailable");
      assert.equal(await statusOf(call.id), undefined);
    });

    promise(way, "that nobody was told of, under a key, is its repeat, however soon that is", async (use) => {
      const { process, faults, clock, another, statusOf } = use;
      faults["SendMessageBatch"] = "silent-undone";
      const call = process.caller.call("plain", { id: "keyed", fingerprint: "the same" });
      void process.engine.commit([{ kind: "open", call }]);
      const other = await another(way);
      await untilKnown(other, "keyed");
      clock.advance(100);
      const repeat = { ...other.caller.call("plain"), id: "keyed", fingerprint: "the same" };
      const [answer] = await other.engine.commit([{ kind: "open", call: repeat }]);
      assert.equal(answer?.kind, "existing");
      clock.advance(61_000);
      await other.engine.sweep(10);
      await other.work();
      assert.equal(await statusOf("keyed"), "succeeded");
    });

    promise(
      way,
      "that a repeat was told of is there to stay, though no message of it is sent",
      async (use) => {
        const { process, faults, clock, another, statusOf } = use;
        faults["SendMessageBatch"] = "throttled";
        const call = process.caller.call("plain", { id: "keyed", fingerprint: "the same" });
        const opening = process.engine.commit([{ kind: "open", call }]);
        const other = await another(way);
        await untilKnown(other, "keyed");
        const repeat = { ...other.caller.call("plain"), id: "keyed", fingerprint: "the same" };
        const [answer] = await other.engine.commit([{ kind: "open", call: repeat }]);
        assert.equal(answer?.kind, "existing");
        const [first] = await whileRunning(clock, opening);
        assert.equal(first?.kind, "opened");
        clock.advance(61_000);
        await other.engine.sweep(10);
        await other.work();
        assert.equal(await statusOf("keyed"), "succeeded");
      },
    );

    promise(way, "whose outcome's answer was lost is that outcome, known by its own stamp", async (use) => {
      const { process, faults, clock, requests, statusOf, receive } = use;
      const id = await accepted(process, "plain");
      const claim = way === "asking" ? await claimed(process) : await delivered(process, await receive());
      const transactions = () => requests.filter((name) => name === "TransactWriteItems").length;
      faults["TransactWriteItems"] = "lost";
      const settlement = await process.caller.attempt(process.engine, { ...claim, number: 1 });
      const settling = process.engine.commit([{ kind: "settle", settlement }]);
      const thrice = until("it was asked three times", () => transactions() >= 3);
      await whileRunning(clock, thrice);
      delete faults["TransactWriteItems"];
      const [answer] = await whileRunning(clock, settling);
      assert.equal(answer?.kind, "applied");
      assert.equal(await statusOf(id), "succeeded");
      const [total] = await process.engine.read([{ table: "totals", key: "all" }]);
      assert.equal(total?.value, "1");
    });
  }

  promise("handed", "that another sent, whose message was never sent, is the sweep", async (use) => {
    const { process, faults, clock, another, receive } = use;
    await accepted(process, "sends");
    const claim = await delivered(process, await receive());
    faults["SendMessageBatch"] = "silent-undone";
    const settlement = await process.caller.attempt(process.engine, { ...claim, number: 1 });
    await process.engine.commit([{ kind: "settle", settlement }]);
    const other = await another("handed");
    clock.advance(31_000);
    const old = await receive();
    assert.deepEqual(
      await handed(other).deliver(old, LEASE_MS),
      old.map(() => ({ kind: "over" })),
      "no message of it",
    );
    clock.advance(61_000);
    await other.engine.sweep(100);
    const sent = (await receive()).filter(({ body }) => body.includes(settlement.sends[0]?.id ?? "none"));
    await delivered(other, sent);
  });

  promise("asking", "that was claimed, and whose message was not deleted, is its lease", async (use) => {
    const { process, faults, clock, another, statusOf } = use;
    const id = await accepted(process);
    faults["DeleteMessageBatch"] = "silent-undone";
    await claimed(process);
    clock.advance(LEASE_MS - 1_000);
    const other = await another("asking");
    assert.equal(await other.work(), 0, "its message finds it running");
    clock.advance(31_000);
    await other.engine.sweep(10);
    clock.advance(60_000);
    await other.work();
    assert.equal(await statusOf(id), "succeeded");
  });

  promise("handed", "whose function died is, where a process asks, its message all the same", async (use) => {
    const { process, clock, another, receive, statusOf } = use;
    const id = await accepted(process);
    await delivered(process, await receive());
    clock.advance(31_000);
    const asks = await another("asking");
    await asks.work();
    await until("it is taken back", async () => (await statusOf(id)) === "queued");
    clock.advance(61_000);
    await asks.work();
    assert.equal(await statusOf(id), "succeeded");
  });

  promise("asking", "whose process died while it ran is the sweep, and the attempt counts", async (use) => {
    const { process, clock, another } = use;
    await accepted(process);
    await claimed(process);
    clock.advance(LEASE_MS + 1);
    const other = await another("asking");
    const { rescued } = await other.engine.sweep(10);
    assert.equal(rescued.length, 1);
    clock.advance(60_000);
    const again = await claimed(other);
    assert.equal(again.job.attempt, 2);
    assert.equal(await settled(other, again), "applied");
  });

  promise("handed", "whose process died while it ran is its message, and the attempt counts", async (use) => {
    const { process, clock, another, receive } = use;
    await accepted(process);
    await delivered(process, await receive());
    clock.advance(31_000);
    const other = await another("handed");
    let again: Claim | undefined;
    while (again === undefined) {
      const [first] = await handed(other).deliver(await receive(), LEASE_MS);
      if (first?.kind === "claimed") again = first.claim;
      clock.advance(31_000);
    }
    assert.equal(again.job.attempt, 2);
  });

  promise("handed", "that has ended needs none: its message is over", async (use) => {
    const { process, another, receive } = use;
    await accepted(process);
    const messages = await receive();
    assert.equal(await settled(process, await delivered(process, messages)), "applied");
    assert.deepEqual(await handed(await another("handed")).deliver(messages, LEASE_MS), [{ kind: "over" }]);
  });

  promise("handed", "that is to be run later is its message, however early that comes", async (use) => {
    const { process, clock, another, receive } = use;
    await accepted(process, "again");
    const messages = await receive();
    const claim = await delivered(process, messages);
    const settlement = await process.caller.attempt(process.engine, { ...claim, number: 1 });
    await process.engine.commit([{ kind: "settle", settlement }]);
    const other = handed(await another("handed"));
    assert.deepEqual(await other.deliver(messages, LEASE_MS), [{ kind: "later", hideMs: 2_000 }]);
    clock.advance(2_000);
    assert.equal((await other.deliver(messages, LEASE_MS))[0]?.kind, "claimed");
  });

  promise(
    "handed",
    "that waits for longer than a message may is the sweep, and its message goes",
    async (use) => {
      const { process, clock, another, receive } = use;
      await accepted(process, "late");
      const claim = await delivered(process, await receive());
      const settlement = await process.caller.attempt(process.engine, { ...claim, number: 1 });
      await process.engine.commit([{ kind: "settle", settlement }]);
      assert.deepEqual(handed(process).fateOf(claim.lease), { kind: "delete" });
      const other = await another("handed");
      clock.advance(20 * 60_000);
      await other.engine.sweep(10);
      const bodies = (await receive()).map(({ body }) => JSON.parse(body).id);
      assert.ok(bodies.includes(claim.job.id));
    },
  );

  promise("handed", "that is running is not another's, however often its message comes", async (use) => {
    const { process, another, receive, clock } = use;
    await accepted(process);
    const messages = await receive();
    const claim = await delivered(process, messages);
    const other = handed(await another("handed"));
    const twice = [...messages, ...messages, ...messages];
    for (const one of await other.deliver(twice, LEASE_MS)) assert.equal(one.kind, "later");
    clock.advance(LEASE_MS + 1);
    assert.equal(
      (await other.deliver(twice, LEASE_MS)).filter(({ kind }) => kind === "claimed").length <= 1,
      true,
    );
    assert.equal(await settled(process, claim), "stale");
  });

  promise("handed", "that is given up by its queue is the function of the dead letters", async (use) => {
    const { process, statusOf, receive } = use;
    const id = await accepted(process);
    const [message] = await receive();
    assert.ok(message);
    const strange = { ...message, body: "not ours" };
    assert.deepEqual(await handed(process).exhausted([message, strange]), [true, false]);
    assert.equal(await statusOf(id), "failed");
  });
});

const untilKnown = ({ engine }: Process, id: string) =>
  until(`${id} is there`, async () => (await engine.find([{ id, principal: ADMIN }]))[0]);
