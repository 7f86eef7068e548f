// Claims: who gets which job, in what order, and what is said about the rest.
import assert from "node:assert/strict";
import type { Queue } from "../../src/core/engine.ts";
import { promises } from "./promises.ts";
import { DONE, LEASE_MS, type World } from "./world.ts";

promises("claim and order", (promise) => {
  promise("a claim takes due jobs of the asked operation, oldest first, up to the limit", async (world) => {
    const jobs = [];
    for (let n = 0; n < 5; n++) jobs.push(await world.opened());
    await world.opened({ operation: "other" });
    const taken = await world.claim(3);
    assert.deepEqual(
      taken.map(({ job }) => job.id),
      jobs.slice(0, 3).map(({ id }) => id),
    );
    const rest = await world.claim(10);
    assert.deepEqual(
      rest.map(({ job }) => job.id),
      jobs.slice(3).map(({ id }) => id),
    );
  });

  promise("what was due first goes first, whenever it was accepted", async (world) => {
    const late = await world.opened({ delayMs: 100 });
    const soon = await world.opened({ delayMs: 50 });
    const now = await world.opened();
    world.clock.advance(100);
    const last = await world.opened();
    const order = (await world.claim(10)).map(({ job }) => job.id);
    // The last two are due at the same moment, so the older call goes first.
    assert.deepEqual(order, [now.id, soon.id, late.id, last.id]);
  });

  promise(
    "a claimed job is running, its attempt counted, and the record says for how long",
    async (world) => {
      const job = await world.opened({ input: '{"n":7}' });
      world.clock.advance(5);
      const [claim] = await world.claim(1, "work", 1_000);
      assert.ok(claim);
      const running = {
        ...job,
        status: "running",
        attempt: 1,
        revision: 2,
        updatedAt: world.clock.now(),
        token: claim.lease.token,
        leaseUntil: world.clock.now() + 1_000,
      };
      const input = { input: '{"n":7}', inputVersion: 1 };
      const lease = { id: job.id, token: running.token };
      assert.deepEqual(claim, { job: running, ...input, lease });
      const rest = { details: { origin: "http" }, attempts: [], effects: [] };
      assert.deepEqual(await world.known(job.id), { ...running, ...input, ...rest });
    },
  );

  promise("no job is claimed twice, and each lease has a token of its own", async (world) => {
    for (let n = 0; n < 20; n++) await world.opened();
    const claims = [...(await world.claim(7)), ...(await world.claim(7)), ...(await world.claim(7))];
    assert.equal(claims.length, 20);
    assert.equal(new Set(claims.map(({ job }) => job.id)).size, 20);
    assert.equal(new Set(claims.map(({ lease }) => lease.token)).size, 20);
  });

  promise("two claims in one commit share the jobs between them", async (world) => {
    for (let n = 0; n < 3; n++) await world.opened();
    const queues = [{ operation: "work", limit: 2 }];
    const answers = await world.engine.commit([
      { kind: "claim", queues, token: world.token(), leaseMs: LEASE_MS },
      { kind: "claim", queues, token: world.token(), leaseMs: LEASE_MS },
    ]);
    assert.deepEqual(
      answers.map((answer) => answer.kind === "claimed" && answer.claims.length),
      [2, 1],
    );
  });

  promise("a claim finds what the same commit opened before it", async (world) => {
    const call = world.call();
    const queues = [{ operation: "work", limit: 1 }];
    const [, claimed] = await world.engine.commit([
      { kind: "open", call },
      { kind: "claim", queues, token: world.token(), leaseMs: LEASE_MS },
    ]);
    assert.ok(claimed?.kind === "claimed");
    assert.deepEqual(
      claimed.claims.map(({ job }) => job.id),
      [call.id],
    );
  });

  promise("calls that arrive out of their order are each queued once, and claimed in it", async (world) => {
    const [first, second, third, fourth] = [world.call(), world.call(), world.call(), world.call()];
    const atOnce = world.callAtOnce("forget");
    const order = [second, fourth, first, atOnce, third];
    await world.engine.commit(order.map((call) => ({ kind: "open", call })));
    assert.deepEqual(
      (await world.claim(10)).map(({ job }) => job.id),
      [first, second, third, fourth].map(({ id }) => id),
    );
    assert.deepEqual(await world.claim(10), []);
  });

  promise("a claim of many queues gives each what it asked for, in the order asked", async (world) => {
    for (const operation of ["a", "a", "b", "b", "c"]) await world.opened({ operation });
    const { claims } = await claimed(world, [
      { operation: "b", limit: 1 },
      { operation: "a", limit: 5 },
      { operation: "none", limit: 5 },
    ]);
    assert.deepEqual(
      claims.map(({ job }) => job.operation),
      ["b", "a", "a"],
    );
  });

  promise("a queue in which more is ready than was asked for is named, and no other", async (world) => {
    for (const operation of ["two", "two", "one", "few"]) await world.opened({ operation });
    await world.opened({ operation: "one", delayMs: 1 });
    const { claims, full } = await claimed(world, [
      { operation: "two", limit: 1 },
      { operation: "one", limit: 1 },
      { operation: "few", limit: 2 },
      { operation: "none", limit: 1 },
    ]);
    assert.deepEqual(
      claims.map(({ job }) => job.operation),
      ["two", "one", "few"],
    );
    assert.deepEqual(full, ["two"]);
  });

  promise("a claim of none only tells whether anything is ready", async (world) => {
    const none = [{ operation: "work", limit: 0 }];
    await world.opened({ delayMs: 1 });
    assert.deepEqual(await claimed(world, none), {
      kind: "claimed",
      claims: [],
      full: [],
      nextAt: world.clock.now() + 1,
    });
    world.clock.advance(1);
    assert.deepEqual(await claimed(world, none), { kind: "claimed", claims: [], full: ["work"] });
    assert.equal((await world.claim()).length, 1);
  });

  promise("a claim that is sent again says the same of what is left", async (world) => {
    for (const operation of ["two", "two", "one"]) await world.opened({ operation });
    const queues = [
      { operation: "two", limit: 1 },
      { operation: "one", limit: 1 },
    ];
    const change = { kind: "claim", queues, token: world.token(), leaseMs: LEASE_MS } as const;
    const first = await world.commit(change);
    assert.deepEqual(first.kind === "claimed" && first.full, ["two"]);
    assert.deepEqual(await world.commit(change), first);
  });

  promise(
    "a claim that is sent again where all its jobs were settled before holds what it takes",
    async (world) => {
      const [first, second] = [await world.opened(), await world.opened()];
      const queues = [{ operation: "work", limit: 1 }];
      const change = { kind: "claim", queues, token: world.token(), leaseMs: LEASE_MS } as const;
      const lease = { id: first.id, token: `${change.token}.0.${first.revision + 1}` };
      const settle = { kind: "settle", settlement: world.settlement(lease, DONE) } as const;
      const [, , again] = await world.engine.commit([change, settle, change]);
      assert.ok(again?.kind === "claimed");
      assert.deepEqual(
        again.claims.map(({ job }) => job.id),
        [second.id],
      );
      for (const { lease } of again.claims) assert.equal((await world.settle(lease)).kind, "applied");
    },
  );

  promise("a claim says when the next job of its queues is due, and only of those", async (world) => {
    const now = world.clock.now();
    await world.opened({ operation: "other", delayMs: 1 });
    assert.equal((await claimed(world, [{ operation: "work", limit: 1 }])).nextAt, undefined);
    await world.opened({ delayMs: 500 });
    await world.opened({ delayMs: 300 });
    await world.opened();
    const answer = await claimed(world, [{ operation: "work", limit: 5 }]);
    assert.equal(answer.claims.length, 1);
    assert.equal(answer.nextAt, now + 300);
    world.clock.advance(300);
    const later = await claimed(world, [{ operation: "work", limit: 5 }]);
    assert.equal(later.claims.length, 1);
    assert.equal(later.nextAt, now + 500);
  });

  promise("a job is due in the very millisecond that its delay ends, not before", async (world) => {
    await world.opened({ delayMs: 100 });
    world.clock.advance(99);
    assert.equal((await world.claim()).length, 0);
    world.clock.advance(1);
    assert.equal((await world.claim()).length, 1);
  });

  promise("a cancelled job is neither claimed nor waited for", async (world) => {
    const due = await world.opened();
    const later = await world.opened({ delayMs: 100 });
    for (const { id } of [due, later]) await world.commit({ kind: "cancel", ref: { id, principal: "ann" } });
    const { claims, nextAt } = await claimed(world, [{ operation: "work", limit: 5 }]);
    assert.deepEqual([claims, nextAt], [[], undefined]);
  });

  promise(
    "a job that waits for its retry is claimed when it is due, behind those due before",
    async (world) => {
      const { lease, job } = await world.running();
      await world.settle(lease, { kind: "released", delayMs: 50 });
      const other = await world.opened({ delayMs: 20 });
      world.clock.advance(100);
      assert.deepEqual(
        (await world.claim(5)).map((claim) => claim.job.id),
        [other.id, job.id],
      );
    },
  );

  promise("a long queue is drained completely and in order", async (world) => {
    const calls = Array.from({ length: 500 }, (_, n) => world.call({ delayMs: n % 7 }));
    await world.engine.commit(calls.map((call) => ({ kind: "open", call })));
    world.clock.advance(10);
    const drained: string[] = [];
    for (let claims = await world.claim(64); claims.length > 0; claims = await world.claim(64)) {
      drained.push(...claims.map(({ job }) => job.id));
      await world.engine.commit(
        claims.map(({ lease }) => ({ kind: "settle", settlement: world.settlement(lease, DONE) })),
      );
    }
    const expected = calls.toSorted(
      (one, other) => one.delayMs - other.delayMs || one.sequence - other.sequence,
    );
    assert.deepEqual(
      drained,
      expected.map(({ id }) => id),
    );
  });
});

async function claimed(world: World, queues: readonly Queue[]) {
  const answer = await world.commit({ kind: "claim", queues, token: world.token(), leaseMs: LEASE_MS });
  assert.ok(answer.kind === "claimed");
  return answer;
}
