// Whoever waits on one node hears of what happens on another: by hints, and by looking where hints are lost.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { type RunningApp, spillway } from "../../src/app/app.ts";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import type { EngineSource } from "../../src/core/engine.ts";
import { operation } from "../../src/core/operation.ts";
import type { Role } from "../../src/core/runtime.ts";
import { bearerTokens } from "../../src/door/identity.ts";
import { type PostgresOptions, postgres } from "../../src/engines/postgres/index.ts";
import { type Served, serve } from "../../src/node/index.ts";
import { altered } from "../support/altered-engine.ts";
import { anything } from "../support/schemas.ts";
import { Client } from "../wire/support/client.ts";
import { openEvents } from "../wire/support/events.ts";
import { openSocket } from "../wire/support/socket.ts";
import { until, within } from "../wire/support/wait.ts";
import { cluster, dropSchema, missingCluster, newSchema } from "./support/cluster.ts";

const HOUR_MS = 3_600_000;
/** So long that nobody finds by looking again what a hint should have told. */
const NEVER_MS = HOUR_MS;
const TOKEN = "a-token-of-sixteen-and-more";
const AS_ANN = { authorization: `Bearer ${TOKEN}` };

/** What handlers in this process wait for, and what they saw. */
class Handled {
  readonly #ends = new Map<string, PromiseWithResolvers<string>>();
  readonly runs: { readonly name: string; readonly node: string; readonly at: number }[] = [];
  readonly aborted: string[] = [];

  end(name: string): PromiseWithResolvers<string> {
    const known = this.#ends.get(name) ?? Promise.withResolvers<string>();
    this.#ends.set(name, known);
    return known;
  }

  began(name: string, count = 1): Promise<true> {
    return until(`${name} runs`, () => this.runs.filter((run) => run.name === name).length >= count);
  }
}

suite("nodes on one PostgreSQL", { skip: missingCluster(), timeout: 120_000 }, () => {
  const handled = new Handled();
  const clock = systemClock();
  const closing: (() => Promise<void>)[] = [];
  after(async () => {
    for (const close of closing.toReversed()) await close();
  });

  /** @param lookAgainMs of whoever waits at a gateway; as the engine says by default. */
  async function store(options: PostgresOptions = {}) {
    const { url } = await cluster();
    const schema = newSchema();
    closing.push(async () => dropSchema(await cluster(), schema));
    return (lookAgainMs?: number): EngineSource => {
      const source = postgres(url, { schema, pool: 2, ...options });
      if (lookAgainMs === undefined) return source;
      return altered(source, (engine) => Object.assign(engine, { lookAgainMs }));
    };
  }

  function appOn(engine: EngineSource, node: string) {
    const wait = operation({ name: "wait", flow: "event", input: anything }, async (input, { signal }) => {
      const { name } = input as { readonly name: string };
      handled.runs.push({ name, node, at: clock.now() });
      signal.addEventListener("abort", () => {
        handled.aborted.push(name);
        handled.end(name).reject(signal.reason);
      });
      return { name, said: await handled.end(name).promise };
    });
    const retried = operation(
      { name: "retried", flow: "event", input: anything, retry: { maxAttempts: 3, base: "400ms" } },
      async (input, { attempt }) => {
        const { name } = input as { readonly name: string };
        handled.runs.push({ name, node, at: clock.now() });
        if (attempt === 1) throw new Error("Not yet.");
        return { name };
      },
    );
    return spillway({
      operations: [wait, retried],
      engine,
      authenticate: bearerTokens({ ann: TOKEN }),
      onError: () => {},
    });
  }

  async function gateway(engine: EngineSource): Promise<Client> {
    const served: Served = await serve(appOn(engine, "gateway"), {
      ...{ port: 0, role: "gateway", signals: false, log: () => {} },
    });
    const client = new Client(served.port, AS_ANN);
    closing.push(served.close, async () => client.close());
    return client;
  }

  async function worker(engine: EngineSource, node: string, more: { clock?: Clock; leaseMs?: number } = {}) {
    const role: Role = "worker";
    const running: RunningApp = await appOn(engine, node).start({
      ...{ node, machine: node, role, adminToken: undefined, boundToLoopback: true },
      onFatal: assert.fail,
      ...more,
    });
    closing.push(async () => {
      await running.finishWork(0);
      await running.close();
    });
    return running;
  }

  test("a request that waits at one node is answered by the hint of a job that ends at another", async () => {
    const source = await store();
    await worker(source(), "one");
    const client = await gateway(source(NEVER_MS));
    const answer = client.call("wait", { name: "held" }, { prefer: "wait=60" });
    await handled.began("held");
    handled.end("held").resolve("yes");
    const { status, text } = await within("the answer", answer);
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(text), { name: "held", said: "yes" });
  });

  test("streams and sockets at one node are told by hints what happens at another", async () => {
    const source = await store();
    await worker(source(), "one");
    const client = await gateway(source(NEVER_MS));
    const socket = await openSocket(client.port, { headers: AS_ANN });
    await socket.ask({ type: "subscribe", mine: true });
    const { id } = (await client.call("wait", { name: "watched" })).as<{ id: string }>();
    const stream = await openEvents(client, `/receipts/${id}/events`, AS_ANN);
    await handled.began("watched");
    handled.end("watched").resolve("yes");
    await stream.when("of the end", ({ data }) => data.includes('"succeeded"'));
    await socket.when("of the end", ({ receipt }) => receipt?.id === id && receipt.status === "succeeded");
    socket.close();
  });

  test("where no hint comes through, whoever waits looks for himself", async () => {
    const source = await store({ listen: false });
    await worker(source(), "one");
    const client = await gateway(source());
    const socket = await openSocket(client.port, { headers: AS_ANN });
    await socket.ask({ type: "subscribe", mine: true });
    const answer = client.call("wait", { name: "unheard" }, { prefer: "wait=60" });
    await handled.began("unheard");
    handled.end("unheard").resolve("yes");
    assert.equal((await within("the answer", answer)).status, 200);
    await socket.when("of the end", ({ receipt }) => receipt?.status === "succeeded");
    socket.close();
  });

  for (const [how, options] of [
    ["by a hint", {}],
    ["by looking", { listen: false }],
  ] as const) {
    test(`a cancel that one node takes reaches the handler at another, ${how}`, async () => {
      const source = await store(options);
      await worker(source(), "one");
      const client = await gateway(source());
      const name = `cancelled ${how}`;
      const { id } = (await client.call("wait", { name })).as<{ id: string }>();
      await handled.began(name);
      assert.equal((await client.cancel(id)).status, 202);
      await until("the handler is told", () => handled.aborted.includes(name));
      const ended = await within("the end", client.receipt(id, { prefer: "wait=30" }));
      assert.equal(ended.as<{ status: string }>().status, "cancelled");
    });
  }

  for (const aheadMs of [5 * HOUR_MS, -5 * HOUR_MS]) {
    const node = aheadMs > 0 ? "early" : "late";
    test(`a node whose clock is hours ${node === "early" ? "ahead" : "behind"} retries when it should and takes no lease of others`, async () => {
      const source = await store();
      const shifted: Clock = { ...clock, now: () => clock.now() + aheadMs };
      const client = await gateway(source());
      await worker(source(), "right", { leaseMs: 4_000 });
      const first = (await client.call("wait", { name: `leased ${node}` })).as<{ id: string }>();
      await handled.began(`leased ${node}`);
      await worker(source(), node, { clock: shifted, leaseMs: 4_000 });

      const name = `retried ${node}`;
      const retried = await client.call("retried", { name }, { prefer: "wait=30" });
      assert.equal(retried.status, 200);
      const [one, two, ...others] = handled.runs.filter((run) => run.name === name);
      assert.deepEqual(others, []);
      const apart = (two?.at ?? 0) - (one?.at ?? 0);
      assert.ok(apart < HOUR_MS, `tried again after ${apart} ms`);

      // Two leases long: what the node with the wrong clock takes for over would be taken over here.
      const until = clock.monotonic() + 9_000;
      while (clock.monotonic() < until) {
        const { status, attempt } = (await client.receipt(first.id)).as<{
          status: string;
          attempt: number;
        }>();
        assert.deepEqual({ status, attempt }, { status: "running", attempt: 1 });
        await new Promise<void>((resolve) => clock.after(100, resolve));
      }
      handled.end(`leased ${node}`).resolve("yes");
      const ended = await client.receipt(first.id, { prefer: "wait=30" });
      assert.equal(ended.as<{ status: string }>().status, "succeeded");
      assert.equal(handled.runs.filter((run) => run.name === `leased ${node}`).length, 1);
    });
  }
});
