/**
 * SIGKILL at random moments under load, again and again on one folder: nothing that was acknowledged is lost and
 * nothing is done twice. KILLS makes it longer, SEED repeats its choices.
 */
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { SeededRandom } from "../support/seeded-random.ts";
import type { Client } from "./client.ts";
import { assertHeld, judge } from "./judge.ts";
import { Ledger, type Receipt } from "./ledger.ts";
import { Load } from "./load.ts";
import { newFolder, Server } from "./server.ts";
import { readStore } from "./store-view.ts";

const KILLS = Number(process.env["KILLS"] ?? 100);
const SEED = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
const CONNECTIONS = 32;
const CALLS_A_LIFE = 400;
const JUDGED_EVERY = 10;
/** So many kills hit a server that is still starting. */
const KILLED_AT_START = 0.1;
const LONGEST_START_MS = 400;
/** Generous: what is really reached is reported, and a loaded machine is no bug. */
const RESTART_MS = 20_000;
const SETTLED_MS = 30_000;

suite("a server that is killed", () => {
  test(`${KILLS} times under load keeps all that it acknowledged and does nothing twice`, async (t) => {
    const rig = new Rig(t);
    for (let kill = 1; kill <= KILLS; kill++) {
      await rig.life(kill);
      if (kill % JUDGED_EVERY === 0 || kill === KILLS) await rig.verdict(kill);
    }
    t.diagnostic(rig.report());
    rig.assertWork();
  });

  test("by its own job, each time that job runs, fails that job in the end and loses no other", async (t) => {
    const folder = newFolder(t);
    const ledger = new Ledger();
    const load = new Load(ledger, new SeededRandom(SEED));
    let server = new Server(folder);
    t.after(() => server.kill());
    let client = await server.client();
    const heard = await client.post("/operations/suicide", {});
    assert.ok(heard.kind === "answer" && heard.status === 202);
    const { id } = heard.body as Receipt;
    let deaths = 0;
    let killer: (Receipt & { attempt: number }) | undefined;
    for (let lives = 0; lives < 10 && killer?.status !== "failed"; lives++) {
      await load.run(client, { name: `life${lives}`, connections: CONNECTIONS, calls: CALLS_A_LIFE });
      const looked = await client.ask({ path: `/receipts/${id}`, headers: { prefer: "wait=5" } });
      if (looked.kind === "answer") killer = looked.body as typeof killer;
      if (killer?.status === "failed") break;
      await server.ended;
      deaths++;
      client.close();
      server = new Server(folder);
      client = await server.client();
    }
    assert.equal(killer?.status, "failed");
    assert.equal(killer.error?.code, "handler-failed");
    assert.equal(killer.attempt, 3, "every start counted as an attempt");
    assert.equal(deaths, 3);
    assert.ok(await load.settleKeys(client, SETTLED_MS));
    assertHeld(judge(ledger, await readStore(client, ledger, { isFull: true })), `seed ${SEED}`);
    client.close();
  });
});

class Rig {
  readonly #folder: string;
  readonly #random = new SeededRandom(SEED);
  readonly #ledger = new Ledger();
  readonly #load = new Load(this.#ledger, new SeededRandom(SEED + 1));
  readonly #restarts: number[] = [];
  #server: Server | undefined;
  #killedAtStart = 0;

  constructor(t: TestContext) {
    this.#folder = newFolder(t);
    t.after(() => this.#server?.kill());
  }

  /** From a start to a kill. */
  async life(number: number): Promise<void> {
    const server = this.#start();
    if (number > 1 && this.#random.chance(KILLED_AT_START)) {
      this.#killedAtStart++;
      await new Promise((resolve) => setTimeout(resolve, this.#random.fraction() * LONGEST_START_MS));
      return server.kill();
    }
    const client = await server.client(CONNECTIONS);
    await this.#firstAccepted(client, server, number);
    let answersLeft = 1 + this.#random.integer(CALLS_A_LIFE);
    const laterMs = this.#random.fraction() * 5;
    const onAnswer = () => {
      if (--answersLeft === 0) setTimeout(() => void server.kill(), laterMs);
    };
    const options = { name: `${number}`, connections: CONNECTIONS, calls: CALLS_A_LIFE, onAnswer };
    await this.#load.run(client, options);
    await server.kill();
    client.close();
  }

  async verdict(kills: number): Promise<void> {
    const when = `after ${kills} kills with SEED=${SEED}`;
    const isFull = kills === KILLS;
    const server = this.#start();
    const client = await server.client(CONNECTIONS);
    if (isFull)
      assert.ok(await this.#load.settleKeys(client, SETTLED_MS), `A key is never settled, ${when}.`);
    assertHeld(judge(this.#ledger, await readStore(client, this.#ledger, { isFull })), when);
    await server.kill();
    client.close();
  }

  /** A store that lets everything fail loses nothing either. Hardly one call in a hundred is made to fail in the end. */
  assertWork(): void {
    const { succeeded, failed, receipts } = this.#ledger.figures();
    assert.ok(failed < receipts / 20 && succeeded > receipts * 0.85, this.report());
  }

  report(): string {
    const sorted = this.#restarts.toSorted((a, b) => a - b);
    const at = (share: number) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
    const restarts = { p50: at(0.5), p99: at(0.99), most: at(1) };
    const kills = { kills: KILLS, killedAtStart: this.#killedAtStart };
    return JSON.stringify({ ...kills, ...this.#ledger.figures(), firstAcceptedMs: restarts, seed: SEED });
  }

  #start(): Server {
    this.#server = new Server(this.#folder);
    return this.#server;
  }

  async #firstAccepted(client: Client, server: Server, number: number): Promise<void> {
    const call = { name: `${number}`, flow: "event", keyed: false, work: {} } as const;
    const { receipts } = await this.#load.call(client, call);
    assert.equal(receipts.size, 1, `The first call was not accepted, SEED=${SEED}.`);
    const ms = performance.now() - server.startedAt;
    if (number > 1) this.#restarts.push(ms);
    assert.ok(ms < RESTART_MS, `The first call was accepted after ${ms} ms, SEED=${SEED}.`);
  }
}
