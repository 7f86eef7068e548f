/**
 * One app under everything at once: calls of all flows, keys, batches, cancels, pauses and a store in trouble, on a
 * test's clock; then calm, or a stop in the middle. What must hold at the end is asked of the app and of the store.
 */
import assert from "node:assert/strict";
import { resource } from "../../../src/core/resource.ts";
import type { Answer } from "../door-exchange.ts";
import { SeededRandom } from "../seeded-random.ts";
import { World } from "../small-world.ts";
import { type Output, operationsOf, sentBy, TABLE, Witness } from "./handlers.ts";
import { TroubledStore } from "./troubled-store.ts";

const STEPS = 50;
const FLOWS = ["event", "spill", "request"] as const;
const FINAL: readonly unknown[] = ["succeeded", "failed", "cancelled"];
const CALM_MS = 10_000;
/** Attempts, their delays and the graces of handlers that outlast their time: all is over by then. */
const MOST_CALM_ROUNDS = 200;
/** Far above what any seed needs, far below what asking every millisecond would come to. */
const MOST_GROUPS = 5_000;

export class Simulation {
  readonly #random: SeededRandom;
  readonly #concurrency: number;
  readonly #witness = new Witness();
  readonly #store: TroubledStore;
  readonly #accepted = new Set<string>();
  readonly #outputs: Output[] = [];
  #world!: World;
  #unanswered = 0;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.#concurrency = 1 + this.#random.integer(5);
    this.#store = new TroubledStore(this.#random);
  }

  async run(): Promise<void> {
    const random = this.#random;
    const limits = { concurrency: this.#concurrency };
    const shared = resource("shared", random.chance(0.3) ? { ...limits, rate: "200/s" } : limits);
    const stage = { random, clock: () => this.#world.clock };
    const operations = operationsOf(shared, this.#witness, stage);
    this.#world = await World.start({ operations }, this.#store.source);
    for (let step = 0; step < STEPS; step++) await this.#step();
    if (random.chance(0.5)) await this.#becomeCalm();
    else await this.#stop();
    await this.#checkAlways();
  }

  async #step(): Promise<void> {
    const random = this.#random;
    this.#store.trouble = random.pick([0, 0, 0, 0.02, 0.3]);
    const dice = random.fraction();
    if (dice < 0.6) for (let n = random.integer(5); n >= 0; n--) this.#call();
    else if (dice < 0.7) this.#batch();
    else if (dice < 0.8) this.#cancel();
    else if (dice < 0.85) this.#pause(random.pick([...FLOWS, "shared"]), random.chance(0.5));
    else if (dice < 0.87) await this.#loseTheStore();
    else await this.#world.clock.run(random.integer(800));
  }

  /** For longer than a lease, maybe: then it is run out, and what its attempt has to say comes too late. */
  async #loseTheStore(): Promise<void> {
    this.#store.trouble = 1;
    await this.#world.clock.run(this.#random.pick([3_000, 40_000]));
  }

  #call(flow: (typeof FLOWS)[number] = this.#random.pick(FLOWS)): void {
    const random = this.#random;
    const prefer = random.pick(["", "", "", "respond-async", "wait=1", "wait=3"]);
    const headers = {
      ...(prefer && { prefer }),
      ...(random.chance(0.3) && { "idempotency-key": `key-${random.integer(20)}` }),
    };
    this.#follow(this.#world.call(flow, 1, headers), ({ status, body }) => {
      if (status === 202) this.#accepted.add(String(body["id"]));
      if (status === 200) this.#outputs.push(body as unknown as Output);
    });
  }

  #batch(): void {
    const key = this.#random.chance(0.3) ? { "idempotency-key": `batch-${this.#random.integer(3)}` } : {};
    const asked = this.#world.ask("POST", "/operations/event/batch", key, JSON.stringify(Array(10).fill(1)));
    this.#follow(asked, ({ status, body }) => {
      if (status !== 202) return;
      for (const item of body as unknown as readonly Answer["body"][])
        if ("id" in item) this.#accepted.add(String(item["id"]));
    });
  }

  #cancel(): void {
    if (this.#accepted.size === 0) return;
    this.#follow(this.#world.ask("DELETE", `/receipts/${this.#random.pick([...this.#accepted])}`));
  }

  #pause(name: (typeof FLOWS)[number] | "shared", paused: boolean): void {
    const path = name === "shared" ? "/admin/resources/shared" : `/admin/operations/${name}`;
    this.#follow(this.#world.ask("PATCH", path, {}, JSON.stringify({ paused })));
  }

  #follow(asked: Promise<Answer>, answered: (answer: Answer) => void = () => {}): void {
    this.#unanswered++;
    void asked.then((answer) => {
      this.#unanswered--;
      answered(answer);
    });
  }

  /** Nothing is in the way any more: whatever was accepted comes to its end, and what was sent arrives once. */
  async #becomeCalm(): Promise<void> {
    this.#store.trouble = 0;
    await this.#world.clock.run(100);
    for (const name of [...FLOWS, "shared"] as const) this.#pause(name, false);
    for (let round = 0; round < MOST_CALM_ROUNDS && (await this.#isBusy()); round++)
      await this.#world.clock.run(CALM_MS);
    await this.#world.clock.run(CALM_MS);
    for (const id of this.#accepted) {
      const receipt = await this.#receipt(id);
      assert.ok(FINAL.includes(receipt["status"]), `a receipt did not end: ${JSON.stringify(receipt)}`);
      if (receipt["status"] === "succeeded") this.#outputs.push(receipt["output"] as Output);
    }
    for (const { id, sent } of this.#outputs)
      assert.equal(await this.#store.count(TABLE, sentBy(id)), sent, `what ${id} sent arrived once`);
  }

  /** In the middle of it all, and calls go on coming. */
  async #stop(): Promise<void> {
    const { app, clock } = this.#world;
    this.#store.trouble = this.#random.pick([0, 0.3]);
    let isFinished = false;
    void app.finishWork(1_000).then(() => {
      isFinished = true;
    });
    for (const flow of FLOWS) this.#call(flow);
    await clock.run(20_000);
    assert.ok(isFinished, "the stop came to its end");
    this.#store.trouble = 0;
    await clock.run(60_000);
  }

  async #checkAlways(): Promise<void> {
    const { errors } = this.#world;
    assert.equal(this.#unanswered, 0, "every call was answered");
    assert.equal(this.#witness.overlaps, 0, "no call or job ran twice at once");
    assert.ok(this.#witness.peak <= this.#concurrency, `at most ${this.#concurrency} ran at once`);
    assert.equal(await this.#inUse(), 0, "every slot was given back");
    assert.ok(this.#store.groups < MOST_GROUPS, `${this.#store.groups} groups were committed`);
    for (const { id, wrote } of this.#outputs)
      assert.equal(await this.#store.count(TABLE, id), wrote, `what ${id} wrote is there once`);
    for (const id of this.#accepted) assert.ok((await this.#store.count(TABLE, id)) <= 1, `${id} wrote once`);
    assert.deepEqual(
      errors.filter((error) => error instanceof TypeError || error instanceof RangeError),
      [],
    );
  }

  async #isBusy(): Promise<boolean> {
    if (this.#unanswered > 0 || (await this.#inUse()) > 0) return true;
    for (const id of this.#accepted) if (!FINAL.includes((await this.#receipt(id))["status"])) return true;
    return false;
  }

  async #receipt(id: string): Promise<Answer["body"]> {
    return (await this.#world.ask("GET", `/receipts/${id}`)).body;
  }

  async #inUse(): Promise<number> {
    const { body } = await this.#world.ask("GET", "/admin/resources");
    const [shared] = body["items"] as readonly { readonly inUse: number }[];
    return shared?.inUse ?? 0;
  }
}
