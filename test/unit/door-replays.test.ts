// A repeat under a key costs nothing and is turned away by no load; a call that turns out to be one gets back what it took.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { operation } from "../../src/core/operation.ts";
import { resource } from "../../src/core/resource.ts";
import { DoorRig, gist, headerOf, refusesAll } from "../support/door-rig.ts";
import { anything } from "../support/schemas.ts";

const keyed = (key: string) => ({ "idempotency-key": key });
const one = { input: anything, limits: { concurrency: 1 } } as const;
const answered = () => Promise.withResolvers<void>();

suite("a repeat", () => {
  test("takes no slot, not even while it is looked up", async () => {
    const rig = await DoorRig.start({
      operations: [operation({ ...one, name: "a", flow: "request" }, () => 1)],
    });
    assert.equal(gist(await rig.call("a", {}, keyed("k"))), "200");
    const { promise, resolve } = answered();
    const find = rig.engine.find.bind(rig.engine);
    rig.engine.find = async (refs) => {
      await promise;
      return find(refs);
    };
    rig.commit = async (changes, commit) => {
      await promise;
      return commit(changes);
    };
    const replay = rig.call("a", {}, keyed("k"));
    await rig.settle();
    assert.equal(gist(await rig.call("a")), "200");
    resolve();
    assert.equal(headerOf(await replay, "idempotency-replayed"), "true");
  });

  test("writes nothing to the store, and makes no worker look for it", async () => {
    const rig = await DoorRig.start({
      operations: [operation({ ...one, name: "a", flow: "event" }, () => 1)],
    });
    assert.equal(gist(await rig.call("a", {}, keyed("k"))), "202 queued");
    await rig.settle();
    const kept = await rig.engine.list({ limit: 10 });
    const answers: string[] = [];
    rig.commit = async (changes, commit) => {
      const told = await commit(changes);
      answers.push(...told.map(({ kind }) => kind));
      return told;
    };
    assert.equal(gist(await rig.call("a", {}, keyed("k"))), "200");
    assert.equal(gist(await rig.call("a", { other: 1 }, keyed("k"))), "422 idempotency-mismatch");
    await rig.settle();
    assert.deepEqual(answers, ["existing", "mismatch"]);
    assert.deepEqual(await rig.engine.list({ limit: 10 }), kept);
  });

  test("spends no quota", async () => {
    const quota = { calls: 2, seconds: 3_600 };
    const rig = await DoorRig.start({
      operations: [operation({ ...one, name: "a", flow: "request" }, () => 1)],
      quota,
    });
    for (let i = 0; i < 5; i++) assert.equal(gist(await rig.call("a", {}, keyed("k"))), "200");
    assert.equal(gist(await rig.call("a")), "200");
    assert.equal(gist(await rig.call("a")), "429 quota-exceeded");
  });

  test("spends no rate, also where it arrives together with the first call", async () => {
    // A rate of 20/s lets two start at once.
    const api = resource("api", { concurrency: 10, rate: "20/s" });
    const held = answered();
    const rig = await DoorRig.start({
      operations: [
        operation({ name: "b", flow: "request", input: anything, limits: api }, () => held.promise),
      ],
    });
    const together = [rig.call("b", {}, keyed("k")), rig.call("b", {}, keyed("k"))];
    await rig.settle();
    const other = rig.call("b");
    await rig.settle();
    held.resolve();
    assert.deepEqual((await Promise.all(together)).map(gist).sort(), ["200", "409 idempotency-in-flight"]);
    assert.equal(gist(await other), "200");
  });

  test("that arrives together with the first call gives its quota back", async () => {
    const rig = await DoorRig.start({
      operations: [operation({ name: "e", flow: "event", input: anything }, () => 1)],
      quota: { calls: 3, seconds: 3_600 },
    });
    const together = await Promise.all([1, 2, 3].map(() => rig.call("e", {}, keyed("k"))));
    assert.deepEqual(
      together.map(({ status }) => status),
      [202, 202, 202],
    );
    for (let i = 0; i < 2; i++) assert.equal(gist(await rig.call("e")), "202 queued");
    assert.equal(gist(await rig.call("e")), "429 quota-exceeded");
  });

  test("is answered while the store takes no writes, and a new key is told when to come again", async () => {
    for (const flow of ["request", "event"] as const) {
      const rig = await DoorRig.start({ operations: [operation({ ...one, name: "a", flow }, () => 1)] });
      await rig.call("a", {}, keyed("k"));
      await rig.settle();
      rig.commit = refusesAll;
      assert.equal(gist(await rig.call("a", {}, keyed("k"))), "200");
      const fresh = await rig.call("a", {}, keyed("new"));
      assert.equal(gist(fresh), "503 storage-unavailable");
      assert.equal(headerOf(fresh, "retry-after"), "1");
    }
  });
});

suite("after a 504", () => {
  test("the same key runs again only once the handler that timed out has returned, so that one id has one run", async () => {
    const ends: (() => void)[] = [];
    const ids = new Set<string>();
    const rig = await DoorRig.start({
      operations: [
        operation(
          { name: "a", flow: "request", input: anything, timeout: "1s", limits: { concurrency: 4 } },
          (_input, { id }) => {
            ids.add(id);
            return new Promise<void>((resolve) => ends.push(resolve));
          },
        ),
      ],
    });
    const first = rig.call("a", {}, keyed("k"));
    await rig.clock.run(1_100);
    assert.equal(gist(await first), "504 handler-timeout");
    const tooEarly = rig.call("a", {}, keyed("k"));
    await rig.clock.run(5_100);
    assert.equal(gist(await tooEarly), "409 idempotency-in-flight");
    assert.equal(headerOf(await tooEarly, "retry-after"), "1");
    const again = rig.call("a", {}, keyed("k"));
    await rig.clock.run(2_000);
    assert.equal(ends.length, 1);
    ends[0]?.();
    await rig.settle();
    assert.equal(ends.length, 2);
    ends[1]?.();
    assert.equal(gist(await again), "200");
    assert.equal(ids.size, 1);
  });
});

suite("a store that takes no writes", () => {
  test("is reported once with the engine's words, which no client is told", async () => {
    const rig = await DoorRig.start({
      operations: [operation({ ...one, name: "a", flow: "event" }, () => 1)],
    });
    rig.commit = refusesAll;
    for (const headers of [{}, keyed("k"), {}]) {
      const reply = await rig.call("a", {}, headers);
      assert.equal(gist(reply), "503 storage-unavailable");
      assert.doesNotMatch(reply.body, /ENOSPC|private/);
    }
    assert.equal(rig.errors.filter((error) => /ENOSPC/.test(String(error))).length, 1);
  });

  test("tells no client the engine's words when a job is cancelled", async () => {
    const rig = await DoorRig.start({
      operations: [operation({ ...one, name: "a", flow: "event" }, () => 1)],
    });
    await rig.pause("a");
    const { id } = JSON.parse((await rig.call("a")).body);
    rig.commit = refusesAll;
    const reply = await rig.send("DELETE", `/receipts/${id}`);
    assert.equal(gist(reply), "503 storage-unavailable");
    assert.doesNotMatch(reply.body, /ENOSPC|private/);
  });

  test("that is far behind refuses calls with a key too, but replays what it knows", async () => {
    const rig = await DoorRig.start({
      operations: [operation({ name: "e", flow: "event", input: anything }, () => 1)],
    });
    await rig.call("e", {}, keyed("known"));
    await rig.settle();
    rig.commit = () => new Promise(() => {});
    const stuck = [rig.call("e", {}, keyed("first"))];
    await rig.settle();
    stuck.push(rig.call("e", {}, keyed("second")));
    await rig.clock.run(60_000);
    const refused = await rig.call("e", {}, keyed("third"));
    assert.equal(gist(refused), "503 storage-unavailable");
    assert.equal(headerOf(refused, "retry-after"), "2");
    assert.equal(gist(await rig.call("e", {}, keyed("known"))), "200");
    assert.equal(stuck.length, 2);
  });
});
