// What operators set, on its way from the store to the gate.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings } from "../../src/core/settings.ts";
import { world } from "../support/admin-world.ts";

const db = { scope: "resource", name: "db" } as const;

test("a read that began sooner and ends later undoes nothing", async () => {
  const made = await world();
  const { engine, runtime } = made;
  const slow = Promise.withResolvers<void>();
  const read = engine.settings.bind(engine);
  engine.settings = async () => {
    const settings = await read();
    await slow.promise;
    return settings;
  };
  await engine.commit([{ kind: "set", setting: { ...db, paused: false, concurrency: 2 } }]);
  const sooner = readSettings(runtime);
  engine.settings = read;
  await engine.commit([{ kind: "set", setting: { ...db, paused: true } }]);
  await readSettings(runtime);
  assert.equal(runtime.gate.isPaused("work"), true);
  slow.resolve();
  await sooner;
  assert.equal(runtime.gate.isPaused("work"), true);
  assert.equal(runtime.gate.operation("work").limit, 2);
});

test("what is in force already calls nobody who waits for room", async () => {
  const { engine, runtime } = await world();
  let called = 0;
  runtime.gate.onRoom(() => called++);
  // What is declared, said in so many words.
  await engine.commit([{ kind: "set", setting: { ...db, concurrency: 4 } }]);
  await readSettings(runtime);
  assert.equal(called, 0);
  await engine.commit([{ kind: "set", setting: { ...db, concurrency: 5 } }]);
  for (let round = 0; round < 3; round++) await readSettings(runtime);
  assert.equal(called, 1);
});
