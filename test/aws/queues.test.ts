/** The queues as the engine uses them: batches, visibility, and a listener that takes no more than is asked for. */
import assert from "node:assert/strict";
import { before, suite, test } from "node:test";
import { SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { type Message, noticeIn } from "../../src/engines/aws/message.ts";
import { Queues } from "../../src/engines/aws/queues.ts";
import { TestClock } from "../support/test-clock.ts";
import { until } from "../wire/support/wait.ts";
import { type Rig, rig, type Store, withoutMoto } from "./support/rig.ts";

const idsOf = (messages: readonly Message[]) => messages.map(({ body }) => noticeIn(body)?.id).sort();
const notices = (count: number, operation = "work", prefix = "job") =>
  Array.from({ length: count }, (_, index) => ({ id: `${prefix}-${index}`, operation }));

suite("the queues", { skip: withoutMoto }, () => {
  let on: Rig;
  before(async () => {
    on = await rig();
  });

  type Use = {
    readonly queues: Queues;
    readonly store: Store;
    readonly sqs: SQSClient;
    readonly clock: TestClock;
    /** Every operation that was called ready, in order. */
    readonly ready: string[];
  };
  /** `now`: ruled by a clock that stands; else by the machine's, as long polls are. */
  const promise = (sentence: string, time: "standing" | "running", keep: (use: Use) => Promise<void>) =>
    test(sentence, async () => {
      const store = await on.newStore(["work", ["pack", "ship"]]);
      const clock = new TestClock();
      const chosen: Clock = time === "standing" ? clock : systemClock();
      const sqs = on.sqs(time === "standing" ? () => clock.now() : undefined);
      const queues = new Queues(() => sqs, store.queues, chosen);
      try {
        await keep({ queues, store, sqs, clock, ready: [] });
      } finally {
        await queues.close();
        await store.remove();
      }
    });

  promise("what is sent is received once, however many batches it takes", "standing", async ({ queues }) => {
    const sent = [...notices(25), ...notices(3, "pack", "box")];
    assert.deepEqual(
      await queues.send(sent),
      sent.map(() => true),
    );
    assert.deepEqual(await queues.depth("work"), { visible: 25, hidden: 0, delayed: 0 });
    const received = await queues.receive("work", 100);
    assert.deepEqual(
      idsOf(received),
      notices(25)
        .map(({ id }) => id)
        .sort(),
    );
    assert.deepEqual(await queues.receive("work", 100), []);
    assert.equal((await queues.receive("pack", 100)).length, 3);
  });

  promise("no more are received than were asked for", "standing", async ({ queues }) => {
    await queues.send(notices(25));
    assert.equal((await queues.receive("work", 1)).length, 1);
    assert.equal((await queues.receive("work", 13)).length, 13);
    assert.deepEqual(await queues.depth("work"), { visible: 11, hidden: 14, delayed: 0 });
  });

  promise("what has no queue is not sent, and its neighbours are", "standing", async ({ queues }) => {
    const [job] = notices(1);
    assert.ok(job);
    assert.deepEqual(await queues.send([{ id: "lost", operation: "unheard-of" }, job]), [false, true]);
    assert.equal(queues.has("unheard-of"), false);
    assert.deepEqual(await queues.receive("unheard-of", 1), []);
  });

  promise("a delayed notice comes when its time has come", "standing", async ({ queues, clock }) => {
    await queues.send([{ id: "late", operation: "work", delayMs: 4_200 }]);
    assert.deepEqual(await queues.depth("work"), { visible: 0, hidden: 0, delayed: 1 });
    clock.advance(4_000);
    assert.deepEqual(await queues.receive("work", 1), []);
    clock.advance(1_000);
    assert.deepEqual(idsOf(await queues.receive("work", 1)), ["late"]);
  });

  promise(
    "what is not deleted comes again, what is deleted does not",
    "standing",
    async ({ queues, clock }) => {
      await queues.send(notices(12));
      const received = await queues.receive("work", 12);
      const deleted = received.filter((message) => idsOf([message])[0] !== "job-7");
      assert.deepEqual(
        await queues.delete(deleted),
        deleted.map(() => true),
      );
      clock.advance(31_000);
      const [again, ...others] = await queues.receive("work", 12);
      assert.deepEqual([idsOf(again ? [again] : []), others], [["job-7"], []]);
      assert.equal(again?.receiveCount, 2);
    },
  );

  promise("a hidden message waits as long as it was told", "standing", async ({ queues, clock }) => {
    await queues.send(notices(1));
    const [message] = await queues.receive("work", 1);
    assert.ok(message && (await queues.hide(message, 300_000)));
    clock.advance(299_000);
    assert.deepEqual(await queues.receive("work", 1), []);
    clock.advance(1_000);
    assert.equal((await queues.receive("work", 1)).length, 1);
  });

  promise(
    "waiting, however often, is not counted out as poison is",
    "standing",
    async ({ queues, clock }) => {
      await queues.send(notices(1));
      const counts = [];
      for (let round = 0; round < 30; round++) {
        const [message] = await queues.receive("work", 1);
        assert.ok(message, `round ${round}`);
        counts.push(message.receiveCount);
        await queues.hide(message, 60_000);
        clock.advance(60_000);
      }
      assert.equal(Math.max(...counts), 10);
      assert.deepEqual(await queues.depth("work"), { visible: 1, hidden: 0, delayed: 0 });
    },
  );

  promise("of a shared queue, one operation's message is left to the other", "standing", async (use) => {
    const { queues, clock } = use;
    await queues.send(notices(5, "pack", "box"));
    assert.deepEqual(await queues.receive("ship", 10), []);
    await until("they are visible again", async () => {
      clock.advance(1_000);
      return (await queues.depth("pack")).visible === 5;
    });
    assert.equal((await queues.receive("pack", 10)).length, 5);
  });

  promise("a message that is no notice is not received, and not deleted", "standing", async (use) => {
    const { queues, store, sqs, clock } = use;
    for (const MessageBody of ["", "null", "[]", '{"spillway":2,"id":"x","operation":"work"}', "{", '"x"']) {
      await sqs.send(
        new SendMessageCommand({ QueueUrl: store.queues["work"], MessageBody: MessageBody || " " }),
      );
    }
    assert.deepEqual(await queues.receive("work", 10), []);
    clock.advance(3_600_000);
    assert.equal((await queues.depth("work")).visible + (await queues.depth("work")).hidden, 6);
  });

  promise("when SQS does not answer, nothing is said to be sent or deleted", "running", async (use) => {
    const { queues, sqs } = use;
    await queues.send(notices(1));
    const [message] = await queues.receive("work", 1);
    assert.ok(message);
    sqs.middlewareStack.add(() => () => Promise.reject(new Error("No route.")), { step: "initialize" });
    assert.deepEqual(await queues.send(notices(2)), [false, false]);
    assert.deepEqual(await queues.delete([message]), [false]);
    assert.equal(await queues.hide(message, 1_000), false);
    await assert.rejects(queues.receive("work", 1), /No route/);
  });

  promise("a listener tells of each message as it comes, and holds it", "running", async (use) => {
    const { queues, ready } = use;
    queues.listen(["work", "pack"], (operation) => ready.push(operation));
    await queues.send(notices(3));
    await until("three are ready", () => ready.length === 3);
    assert.deepEqual(ready, ["work", "work", "work"]);
    const some: Message[] = [];
    await until("all three are received", async () => {
      some.push(...(await queues.receive("work", 2)));
      return some.length === 3;
    });
    assert.deepEqual(idsOf(some), ["job-0", "job-1", "job-2"]);
    await queues.send(notices(1, "pack", "box"));
    await until("the other queue's too", () => ready.includes("pack"));
    assert.deepEqual(idsOf(await queues.receive("pack", 1)), ["box-0"]);
  });

  promise("a listener takes no more while it holds some, so that others may", "running", async (use) => {
    const { queues, ready } = use;
    queues.listen(["work"], (operation) => ready.push(operation));
    await queues.send(notices(40));
    await until("some are ready", () => ready.length > 0);
    const other = new Queues(() => on.sqs(), use.store.queues, systemClock());
    const taken = await other.receive("work", 40);
    assert.equal(taken.length + ready.length, 40);
    assert.ok(ready.length <= 10);
  });

  promise(
    "what nobody comes for is let go, and none is fetched until somebody does",
    "standing",
    async (use) => {
      const { queues, ready, clock } = use;
      await queues.send(notices(15));
      queues.listen(["work"], (operation) => ready.push(operation));
      await until("ten are ready", () => ready.length === 10);
      clock.advance(31_000);
      assert.deepEqual(await queues.depth("work"), { visible: 15, hidden: 0, delayed: 0 });
      const received = [...(await queues.receive("work", 15))];
      await until("all are received", async () => {
        received.push(...(await queues.receive("work", 15)));
        return received.length === 15;
      });
      assert.equal(new Set(idsOf(received)).size, 15);
    },
  );

  promise("a listener that closes leaves what it holds to others at once", "running", async (use) => {
    const { queues, ready, store } = use;
    queues.listen(["work"], (operation) => ready.push(operation));
    await queues.send(notices(2));
    await until("both are ready", () => ready.length === 2);
    await queues.close();
    const other = new Queues(() => on.sqs(), store.queues, systemClock());
    assert.equal((await other.receive("work", 10)).length, 2);
  });

  promise("a listener outlives the failures of SQS", "running", async (use) => {
    const { queues, sqs, ready } = use;
    let failures = 2;
    sqs.middlewareStack.add(
      (next) => (args) => (failures-- > 0 ? Promise.reject(new Error("No route.")) : next(args)),
      { step: "initialize" },
    );
    queues.listen(["work"], (operation) => ready.push(operation));
    await until("it has failed twice", () => failures <= 0);
    await queues.send(notices(1));
    await until("the message is ready", () => ready.length === 1);
  });
});
