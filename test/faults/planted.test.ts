/**
 * The rig itself: each bug that it is there to find is planted and must be found, on the very occasion that makes
 * it show, and the same occasion without the bug must pass.
 */
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { SeededRandom } from "../support/seeded-random.ts";
import type { Client } from "./client.ts";
import { judge, kindsOf, type Verdict } from "./judge.ts";
import { Ledger, type Receipt } from "./ledger.ts";
import { Load, type OneCall } from "./load.ts";
import { newFolder, Server, type ServerOptions } from "./server.ts";
import { readStore } from "./store-view.ts";

const QUIET = { isFull: true, quietWithinMs: 20_000 };

suite("the crash rig catches", () => {
  test("a call that is acknowledged before it is committed", async (t) => {
    const world = await World.open(t, { LEDGER_PLANTED: "acknowledge-early", LEDGER_DIE_AT: "20" });
    await world.calls(60, { flow: "event" });
    await world.server.ended;
    assert.deepEqual(kindsOf(await world.verdict()), ["lost"]);
  });

  test("effects that are committed apart from the outcome", async (t) => {
    const world = await World.open(t, { LEDGER_PLANTED: "effects-apart", LEDGER_DIE_AT: "5" });
    await world.calls(40, { flow: "event" });
    await world.server.ended;
    const kinds = kindsOf(await world.verdict());
    assert.ok(kinds.includes("doubled") && kinds.includes("drifted"), kinds.join());
  });

  test("a repeat under its key that becomes another call after a crash", async (t) => {
    const world = await World.open(t, { LEDGER_PLANTED: "new-ids" });
    assert.deepEqual(kindsOf(await repeatedAfterCrash(world)), [
      "doubled",
      "drifted",
      "two ids",
      "two outputs",
    ]);
  });

  test("a worker that writes although its lease was taken over", async (t) => {
    const world = await World.open(t, { LEDGER_PLANTED: "no-fence", LEDGER_LEASE_MS: "100" });
    const kinds = kindsOf(await overtaken(world));
    assert.ok(kinds.includes("doubled") && kinds.includes("drifted"), kinds.join());
  });
});

suite("without a bug the same occasion passes:", () => {
  test("a crash right after acknowledgements, and in the midst of settlements", async (t) => {
    const world = await World.open(t, {});
    await world.calls(60, { flow: "event" });
    await world.server.kill();
    assert.deepEqual(await world.verdict(), { kind: "held" });
  });

  test("a repeat under its key after a crash", async (t) => {
    assert.deepEqual(await repeatedAfterCrash(await World.open(t, {})), { kind: "held" });
  });

  test("a worker whose lease was taken over", async (t) => {
    assert.deepEqual(await overtaken(await World.open(t, { LEDGER_LEASE_MS: "100" })), { kind: "held" });
  });
});

async function repeatedAfterCrash(world: World): Promise<Verdict> {
  const entries = await world.calls(5, { flow: "spill", keyed: true });
  await world.server.kill();
  const client = await world.restart();
  for (const entry of entries) await world.load.repeat(client, entry);
  return world.verdictNow(client);
}

/** The first attempts outlive their leases; when they end, the second ones have long been settled. */
async function overtaken(world: World): Promise<Verdict> {
  const { client } = world;
  const entries = await world.calls(5, { flow: "event", work: { isHeld: true } });
  for (const id of entries.flatMap(({ receipts }) => [...receipts])) {
    const heard = await client.ask({ path: `/receipts/${id}`, headers: { prefer: "wait=25" } });
    assert.equal(heard.kind === "answer" && (heard.body as Receipt).status, "succeeded");
  }
  const heard = await client.post("/operations/release", {});
  assert.deepEqual(heard.kind === "answer" && heard.body, { released: 5 });
  // Its commit comes after theirs.
  await world.calls(1, { flow: "spill", keyed: true });
  return world.verdictNow(client);
}

type Environment = Required<ServerOptions>["environment"];
type Calls = {
  readonly flow: "event" | "spill";
  readonly keyed?: boolean;
  readonly work?: OneCall["work"];
};

class World {
  readonly ledger = new Ledger();
  readonly load = new Load(this.ledger, new SeededRandom(1));
  readonly folder: string;
  readonly environment: Environment;
  server: Server;
  #client: Client | undefined;

  constructor(t: TestContext, environment: Environment) {
    this.folder = newFolder(t);
    this.environment = environment;
    this.server = new Server(this.folder, { environment });
    t.after(() => this.server.kill());
    t.after(() => this.client.close());
  }

  static async open(t: TestContext, environment: Environment): Promise<World> {
    const world = new World(t, environment);
    world.#client = await world.server.client();
    return world;
  }

  get client(): Client {
    if (this.#client) return this.#client;
    throw new Error("The server has not been started.");
  }

  calls(count: number, { flow, keyed = false, work = {} }: Calls) {
    return Promise.all(
      Array.from({ length: count }, () => this.load.call(this.client, { name: "c", flow, keyed, work })),
    );
  }

  /** With the same bug, which then meets no occasion any more. */
  async restart(): Promise<Client> {
    this.client.close();
    this.server = new Server(this.folder, {
      environment: { ...this.environment, LEDGER_DIE_AT: "Infinity" },
    });
    this.#client = await this.server.client();
    return this.#client;
  }

  async verdict(): Promise<Verdict> {
    return this.verdictNow(await this.restart());
  }

  async verdictNow(client: Client): Promise<Verdict> {
    return judge(this.ledger, await readStore(client, this.ledger, QUIET));
  }
}
