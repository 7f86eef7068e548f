/** Processes of different roles on one store: what each does, what it shows, and what of it reaches the others. */
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { type AppOptions, type RunningApp, spillway } from "../../src/app/app.ts";
import type { Engine, EngineSource } from "../../src/core/engine.ts";
import { operation } from "../../src/core/operation.ts";
import type { Role } from "../../src/core/runtime.ts";
import { retentionOf } from "../../src/core/store-defaults.ts";
import { MemoryEngine } from "../../src/engines/memory/engine.ts";
import { memory } from "../../src/engines/memory/index.ts";
import { requestOf } from "../support/door-exchange.ts";
import { anything } from "../support/schemas.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { TestClock } from "../support/test-clock.ts";

/** The memory engine as one that several processes have open: each of its openings is the same store. */
function shared(clock: TestClock): EngineSource {
  const source = memory();
  const limits = { ...source.limits, singleOwner: false };
  const host = { clock, random: new SeededRandom(2), onFatal: assert.fail };
  const engine: Engine = new MemoryEngine(host, limits, retentionOf(undefined, "the test"));
  engine.close = async () => undefined;
  return { ...source, limits, open: async () => engine };
}

class Node {
  readonly app: RunningApp;

  constructor(app: RunningApp) {
    this.app = app;
  }

  async ask(method: string, path: string, body: unknown = {}, headers: Record<string, string> = {}) {
    const request = requestOf(method, path, { headers, body: JSON.stringify(body) });
    const reply = await this.app.door.handle(request);
    return { status: reply.status, body: reply.body === "" ? {} : JSON.parse(reply.body) };
  }

  async gist(method: string, path: string): Promise<string> {
    const { status, body } = await this.ask(method, path);
    return `${status} ${body.code ?? body.status ?? ""}`.trim();
  }
}

class Site {
  readonly clock = new TestClock();
  readonly #engine = shared(this.clock);
  readonly #options: Omit<AppOptions, "engine">;
  readonly #context: TestContext;
  #started = 0;

  constructor(context: TestContext, options: Omit<AppOptions, "engine">) {
    this.#context = context;
    this.#options = options;
  }

  async start(role: Role): Promise<Node> {
    const app = await spillway({ ...this.#options, engine: this.#engine }).start({
      node: role,
      role,
      adminToken: undefined,
      boundToLoopback: true,
      onFatal: assert.fail,
      clock: this.clock,
      random: new SeededRandom(10 + this.#started++),
    });
    this.#context.after(async () => {
      const finished = app.finishWork(0);
      await this.clock.run(60_000);
      await finished;
    });
    return new Node(app);
  }
}

suite("a gateway and a worker", () => {
  const echo = operation({ name: "echo", input: anything, flow: "event" }, (input) => input);

  test("share a store: what the one accepts, the other runs", async (context) => {
    const site = new Site(context, { operations: [echo] });
    const gateway = await site.start("gateway");
    const { status, body } = await gateway.ask("POST", "/operations/echo", "hello");
    assert.equal(status, 202);
    await site.clock.run(10_000);
    assert.equal((await gateway.ask("GET", `/receipts/${body.id}`)).body.status, "queued", "nobody runs it");
    await site.start("worker");
    await site.clock.run(3_000);
    const receipt = (await gateway.ask("GET", `/receipts/${body.id}`)).body;
    assert.deepEqual([receipt.status, receipt.output], ["succeeded", "hello"]);
  });

  test("a gateway holds on to a call that it runs for longer than a lease", async (context) => {
    const begun: number[] = [];
    const ended = Promise.withResolvers<null>();
    const slow = operation({ name: "slow", input: anything, flow: "spill", timeout: "300s" }, () => {
      begun.push(1);
      return ended.promise;
    });
    const site = new Site(context, { operations: [slow] });
    const gateway = await site.start("gateway");
    await site.start("worker");
    const headers = { "idempotency-key": '"once"' };
    const answer = gateway.ask("POST", "/operations/slow", {}, headers);
    await site.clock.run(120_000);
    assert.equal(begun.length, 1, "no worker took it for lost");
    ended.resolve(null);
    assert.equal((await answer).status, 200);
  });

  test("hear within about a second what an operator sets at any of them", async (context) => {
    const site = new Site(context, { operations: [echo] });
    const gateway = await site.start("gateway");
    const worker = await site.start("worker");
    const paused = async (node: Node) => (await node.ask("GET", "/admin/operations/echo")).body.paused;
    assert.equal((await worker.ask("PATCH", "/admin/operations/echo", { paused: true })).status, 200);
    await site.clock.run(1_000);
    assert.equal(await paused(gateway), true);
    assert.equal((await gateway.ask("PATCH", "/admin/operations/echo", { paused: false })).status, 200);
    await site.clock.run(1_000);
    assert.equal(await paused(worker), false);
  });
});

suite("what a process shows", () => {
  const echo = operation({ name: "echo", input: anything, flow: "event", route: "/echo" }, () => null);
  const rows: readonly (readonly [method: string, path: string, worker: string, status: string])[] = [
    ["GET", "/health/live", "200 live", "200 live"],
    ["GET", "/health/ready", "200 ready", "200 ready"],
    ["GET", "/admin/operations", "200", "404 not-found"],
    ["GET", "/admin/session", "204", "404 not-found"],
    ["POST", "/operations/echo", "404 not-found", "404 not-found"],
    ["POST", "/operations/echo/batch", "404 not-found", "404 not-found"],
    ["POST", "/echo", "404 not-found", "404 not-found"],
    ["GET", "/receipts/unknown", "404 not-found", "404 unknown-receipt"],
    ["DELETE", "/receipts/unknown", "404 not-found", "405 method-not-allowed"],
    ["GET", "/receipts/unknown/events", "404 not-found", "404 unknown-receipt"],
    ["GET", "/socket", "404 not-found", "404 not-found"],
    ["GET", "/nowhere", "404 not-found", "404 not-found"],
  ];

  test("a worker: its health and what operators look at; one that shows receipts: those", async (context) => {
    const site = new Site(context, { operations: [echo] });
    const [worker, status] = [await site.start("worker"), await site.start("status")];
    for (const [method, path, ofWorker, ofStatus] of rows) {
      assert.equal(await worker.gist(method, path), ofWorker, `worker: ${method} ${path}`);
      assert.equal(await status.gist(method, path), ofStatus, `status: ${method} ${path}`);
    }
  });

  test("whoever came to the wrong one is told so, and where to ask", async (context) => {
    const worker = await new Site(context, { operations: [echo] }).start("worker");
    const { body } = await worker.ask("POST", "/operations/echo");
    assert.match(
      body.detail,
      /runs queued jobs and takes no calls \(its role is worker\)\. Ask a gateway\.$/,
    );
  });

  test("one that shows receipts writes nothing, not even that it is there", async (context) => {
    const site = new Site(context, { operations: [echo] });
    const gateway = await site.start("gateway");
    await site.start("status");
    await site.clock.run(20_000);
    const { body } = await gateway.ask("GET", "/admin/nodes");
    assert.deepEqual(
      body.items.map(({ role }: { readonly role: string }) => role),
      ["gateway"],
    );
  });

  test("a worker that drains is not ready", async (context) => {
    const worker = await new Site(context, { operations: [echo] }).start("worker");
    worker.app.beginDrain();
    assert.equal(await worker.gist("GET", "/health/ready"), "503 draining");
    assert.equal(await worker.gist("GET", "/health/live"), "200 live");
  });
});

suite("a role", () => {
  const echo = operation({ name: "echo", input: anything, flow: "request" }, () => null);
  const host = { node: "test", adminToken: undefined, boundToLoopback: true, onFatal: assert.fail };
  const refused = (options: Pick<AppOptions, "engine">, message: RegExp) =>
    assert.rejects(spillway({ operations: [echo], ...options }).start({ ...host, role: "worker" }), message);

  test("is refused where one process has the store for itself, or there is none", async () => {
    await refused(
      { engine: memory() },
      /^SpillwayError: The role is worker, and memory is one process's only\. /,
    );
    await refused(
      {},
      /^SpillwayError: The role is worker, and this app has no engine to share with others\. /,
    );
  });
});
