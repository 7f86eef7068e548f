// Settings and the audit: what operators set stays set, and what they did stays told.
import assert from "node:assert/strict";
import type { AuditEntry, Setting, SettingChange } from "../../src/core/engine.ts";
import { promises } from "./promises.ts";

const paused: Setting = { scope: "operation", name: "work", paused: true, concurrency: null };
const limited: Setting = { scope: "resource", name: "work", paused: false, concurrency: 3 };

promises("settings and audit", (promise) => {
  promise("there are no settings until one is made", async (world) => {
    assert.deepEqual(await world.engine.settings(), []);
  });

  promise(
    "a setting is kept whole, and an operation's apart from a resource's of the same name",
    async (world) => {
      const answers = await world.engine.commit([
        { kind: "set", setting: paused },
        { kind: "set", setting: limited },
      ]);
      assert.deepEqual(answers, [{ kind: "done" }, { kind: "done" }]);
      assert.deepEqual(sorted(await world.engine.settings()), [paused, limited]);
    },
  );

  promise("the last setting of a thing is the one in force", async (world) => {
    const later = { ...paused, paused: false, concurrency: 9 };
    await world.engine.commit([
      { kind: "set", setting: paused },
      { kind: "set", setting: later },
    ]);
    assert.deepEqual(await world.engine.settings(), [later]);
  });

  promise("a change of one half of a setting leaves the other as it is there", async (world) => {
    const work = { scope: "operation", name: "work" } as const;
    const steps: readonly (readonly [Partial<Setting>, Partial<Setting>])[] = [
      [{ concurrency: 3 }, { paused: false, concurrency: 3 }],
      [{ paused: true }, { paused: true, concurrency: 3 }],
      [{ concurrency: null }, { paused: true, concurrency: null }],
      [{ concurrency: 5 }, { paused: true, concurrency: 5 }],
      [{ paused: false }, { paused: false, concurrency: 5 }],
      [{}, { paused: false, concurrency: 5 }],
    ];
    for (const [setting, whole] of steps) {
      assert.deepEqual(await world.commit({ kind: "set", setting: { ...work, ...setting } }), {
        kind: "done",
      });
      assert.deepEqual(await world.engine.settings(), [{ ...work, ...whole }]);
    }
  });

  promise("halves of one setting in one commit make a whole", async (world) => {
    const { scope, name } = limited;
    const answers = await world.engine.commit([
      { kind: "set", setting: { scope, name, paused: true } },
      { kind: "set", setting: { scope, name, concurrency: 4 } },
      { kind: "set", setting: { scope, name, paused: false } },
    ]);
    assert.deepEqual(answers, [{ kind: "done" }, { kind: "done" }, { kind: "done" }]);
    assert.deepEqual(await world.engine.settings(), [{ scope, name, paused: false, concurrency: 4 }]);
  });

  promise("halves of one setting at once, in commits of their own, both count", async (world) => {
    for (let round = 1; round <= 20; round++) {
      const work = { scope: "operation", name: `work-${round % 2}` } as const;
      const isPaused = round % 4 < 2;
      const halves: readonly SettingChange[] = [
        { ...work, paused: isPaused },
        { ...work, concurrency: round },
      ];
      await Promise.all(halves.map((setting) => world.commit({ kind: "set", setting })));
      const kept = (await world.engine.settings()).find(({ name }) => name === work.name);
      assert.deepEqual(kept, { ...work, paused: isPaused, concurrency: round });
    }
  });

  promise("a setting alters no job: what is paused can still be claimed, by whoever asks", async (world) => {
    await world.opened();
    await world.commit({ kind: "set", setting: paused });
    assert.equal((await world.claim()).length, 1);
  });

  promise("the audit is told newest first, page by page, each entry as it was given", async (world) => {
    const entries = Array.from({ length: 7 }, (_, n) => entry(n));
    for (const one of entries)
      assert.deepEqual(await world.commit({ kind: "audit", entry: one }), { kind: "done" });
    for (const limit of [1, 3, 7, 50]) {
      const told: AuditEntry[] = [];
      let page = await world.engine.audit(limit);
      told.push(...page.items);
      while (page.next !== null) {
        page = await world.engine.audit(limit, page.next);
        assert.ok(page.items.length <= limit && page.items.length > 0);
        told.push(...page.items);
      }
      assert.deepEqual(told, entries.toReversed());
    }
  });

  promise("entries that come while someone reads do not shift the pages", async (world) => {
    for (let n = 0; n < 4; n++) await world.commit({ kind: "audit", entry: entry(n) });
    const first = await world.engine.audit(2);
    await world.commit({ kind: "audit", entry: entry(9) });
    assert.ok(first.next !== null);
    const second = await world.engine.audit(2, first.next);
    assert.deepEqual([...first.items, ...second.items], [entry(3), entry(2), entry(1), entry(0)]);
    assert.equal(second.next, null);
  });

  promise("an empty audit is an empty page", async (world) => {
    assert.deepEqual(await world.engine.audit(10), { items: [], next: null });
  });
});

function entry(n: number): AuditEntry {
  // All in one moment, and alike but for the target: order and number must not hang on what they say.
  return { at: 1_000, by: "admin", action: "redrive", target: `job-${n}`, detail: '{"count":1}' };
}

function sorted(settings: readonly Setting[]): readonly Setting[] {
  return settings.toSorted((one, other) => (one.scope < other.scope ? -1 : 1));
}
