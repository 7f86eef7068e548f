import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Gate, type Slot } from "../../src/core/gate.ts";
import { spec } from "../../src/core/operation.ts";
import { resource } from "../../src/core/resource.ts";
import { anything } from "../support/schemas.ts";
import { TestClock } from "../support/test-clock.ts";

const clock = () => new TestClock();

function gateOf(limit: number, time = clock()) {
  const db = resource("db", { concurrency: limit });
  const specs = ["a", "b"].map((name) => spec({ name, input: anything, limits: db }));
  return new Gate(specs, time);
}

/** As many as it gives. */
function takeAll(gate: Gate, operation: string, side: "call" | "job", most = 1_000): readonly Slot[] {
  const slots: Slot[] = [];
  while (slots.length < most) {
    const slot = gate.take(operation, side);
    if (slot.kind !== "slot") return slots;
    slots.push(slot);
  }
  return slots;
}

/** Calls at once have every slot, so that a job is refused; then they end. */
function makeJobsWait(gate: Gate): void {
  const slots = takeAll(gate, "b", "call");
  assert.deepEqual(gate.take("a", "job"), { kind: "saturated" });
  for (const slot of slots) slot.release();
}

describe("the gate", () => {
  test("two operations that share a resource never hold more slots together than it has", () => {
    const gate = gateOf(10);
    const held = takeAll(gate, "a", "call", 6).length + takeAll(gate, "b", "call").length;
    assert.equal(held, 10);
    assert.deepEqual(gate.take("a", "call"), { kind: "saturated" });
  });

  test("a slot comes back once, however often it is released", () => {
    const gate = gateOf(1);
    const slot = gate.take("a", "call");
    assert.equal(slot.kind, "slot");
    if (slot.kind === "slot") {
      slot.release();
      slot.release();
    }
    assert.equal(takeAll(gate, "a", "call").length, 1);
  });

  test("an operation with two resources takes a slot of each or of none", () => {
    const wide = resource("wide", { concurrency: 5 });
    const narrow = resource("narrow", { concurrency: 1 });
    const both = spec({ name: "both", input: anything, limits: [wide, narrow] });
    const gate = new Gate([both], clock());
    assert.equal(takeAll(gate, "both", "call").length, 1);
    assert.deepEqual(
      gate.resources().map(({ name, inUse }) => [name, inUse]),
      [
        ["narrow", 1],
        ["wide", 1],
      ],
    );
  });

  test("while jobs wait, half of the slots can be reached by them whatever the calls at once do", () => {
    const gate = gateOf(10);
    makeJobsWait(gate);
    assert.equal(takeAll(gate, "b", "call").length, 5);
    assert.equal(takeAll(gate, "a", "job").length, 5);
  });

  test("while calls at once keep coming, a quarter of the slots can be reached by them", () => {
    const gate = gateOf(10);
    makeJobsWait(gate);
    assert.equal(takeAll(gate, "a", "job").length, 7);
    assert.equal(takeAll(gate, "b", "call").length, 3);
  });

  test("a share that nobody asks for is kept for nobody", () => {
    const time = clock();
    const gate = gateOf(10, time);
    for (const slot of takeAll(gate, "a", "call", 1)) slot.release();
    time.advance(1_000);
    assert.equal(takeAll(gate, "a", "job").length, 10);
    const idle = gateOf(10);
    assert.equal(takeAll(idle, "a", "call").length, 10);
  });

  test("with a single slot, calls and jobs that both wait take turns", () => {
    const gate = gateOf(1);
    makeJobsWait(gate);
    const turns: string[] = [];
    for (let i = 0; i < 6; i++) {
      for (const side of ["call", "job"] as const) {
        const slot = gate.take("a", side);
        if (slot.kind !== "slot") continue;
        turns.push(side);
        slot.release();
      }
    }
    assert.deepEqual(turns.slice(0, 6), ["job", "call", "job", "call", "job", "call"]);
  });

  test("a paused resource pauses every operation that names it, and none other", () => {
    const db = resource("db", { concurrency: 2 });
    const free = spec({ name: "free", input: anything });
    const gate = new Gate([spec({ name: "a", input: anything, limits: db }), free], clock());
    gate.set({ scope: "resource", name: "db", paused: true, concurrency: null });
    assert.deepEqual(gate.take("a", "job"), { kind: "paused" });
    assert.equal(gate.take("free", "job").kind, "slot");
  });

  test("a limit set by an operator is in force at once, and null brings the declared one back", () => {
    const gate = gateOf(10);
    gate.set({ scope: "resource", name: "db", paused: false, concurrency: 2 });
    const slots = takeAll(gate, "a", "call");
    assert.equal(slots.length, 2);
    gate.set({ scope: "resource", name: "db", paused: false, concurrency: null });
    assert.equal(takeAll(gate, "a", "call").length, 8);
  });

  test("a share is not kept at one resource while another is what stands in the way", () => {
    const [r1, r2] = ["r1", "r2"].map((name) => resource(name, { concurrency: 1 }));
    assert.ok(r1 && r2);
    const gate = new Gate(
      [
        spec({ name: "x", input: anything, limits: [r1, r2] }),
        spec({ name: "y", input: anything, limits: r1 }),
        spec({ name: "z", input: anything, limits: r2 }),
      ],
      clock(),
    );
    takeAll(gate, "z", "job");
    for (let round = 0; round < 10; round++) {
      assert.deepEqual(gate.take("x", "call"), { kind: "saturated" });
      const slots = takeAll(gate, "y", "job");
      assert.equal(slots.length, 1, "a job of y finds r1 free");
      for (const slot of slots) slot.release();
    }
    gate.noBacklog("y");
    assert.deepEqual(gate.take("x", "job"), { kind: "saturated" });
    for (let round = 0; round < 10; round++) {
      const slots = takeAll(gate, "y", "call");
      assert.equal(slots.length, 1, "a call of y finds r1 free");
      for (const slot of slots) slot.release();
    }
  });

  test("a start that was given back is not spent", () => {
    const api = resource("api", { concurrency: 5, rate: "1/m" });
    const gate = new Gate([spec({ name: "a", input: anything, limits: api })], clock());
    for (let round = 0; round < 5; round++) {
      const slot = gate.take("a", "call");
      assert.equal(slot.kind, "slot");
      if (slot.kind === "slot") slot.giveBack();
    }
    assert.equal(takeAll(gate, "a", "call").length, 1);
  });

  test("jobs that wait no longer keep nothing", () => {
    const gate = gateOf(10);
    makeJobsWait(gate);
    gate.noBacklog("a");
    assert.equal(takeAll(gate, "b", "call").length, 10);
  });

  test("whoever waits for room is called when a slot comes back", () => {
    const gate = gateOf(1);
    let calls = 0;
    const leave = gate.onRoom(() => calls++);
    for (const slot of takeAll(gate, "a", "call")) slot.release();
    leave();
    for (const slot of takeAll(gate, "a", "call")) slot.release();
    assert.equal(calls, 1);
  });

  test("a rate lets that many start in a second, and says when the next may", () => {
    const time = clock();
    const api = resource("api", { concurrency: 100, rate: "20/s" });
    const gate = new Gate([spec({ name: "a", input: anything, limits: api })], time);
    let started = 0;
    for (let ms = 0; ms < 10_000; ms += 10) {
      for (const slot of takeAll(gate, "a", "job")) {
        started++;
        slot.release();
      }
      time.advance(10);
    }
    assert.ok(started >= 198 && started <= 203, `${started} started in 10 s at 20/s`);
    takeAll(gate, "a", "job");
    assert.ok(gate.retryInMs("a") > 0 && gate.retryInMs("a") <= 50);
  });

  test("a resource declared twice with other limits is refused by name", () => {
    const specs = [1, 2].map((concurrency) =>
      spec({ name: `op${concurrency}`, input: anything, limits: resource("db", { concurrency }) }),
    );
    assert.throws(() => new Gate(specs, clock()), /Resource "db" is declared twice/);
  });
});
