// Effects: reads that must still hold, writes with their conditions, and versions that are never used again.
import assert from "node:assert/strict";
import { problem } from "../../src/core/errors.ts";
import type { ItemWrite } from "../../src/core/table.ts";
import { promises } from "./promises.ts";
import { DONE, FAILED, put, type World } from "./world.ts";

const at = (key: string) => ({ table: "things", key });
const insert = (key: string, value: unknown): ItemWrite => ({
  ...put(key, value),
  kind: "insert",
  value: JSON.stringify(value),
});
const add = (key: string, fields: Record<string, number>): ItemWrite => ({ ...at(key), kind: "add", fields });
const remove = (key: string): ItemWrite => ({ ...at(key), kind: "delete" });

promises("effects", (promise) => {
  promise("writes are applied with the outcome, and the record notes each in order", async (world) => {
    await world.write([put("old", 0)]);
    const { job, lease } = await world.running();
    const writes = [insert("a", { n: 1 }), put("b", 2), add("c", { n: 3 }), remove("old")];
    assert.equal((await world.settle(lease, DONE, { writes })).kind, "applied");
    assert.deepEqual(await world.value("things", "a"), { n: 1 });
    assert.deepEqual(await world.value("things", "b"), 2);
    assert.deepEqual(await world.value("things", "c"), { n: 3 });
    assert.equal(await world.value("things", "old"), undefined);
    assert.deepEqual((await world.known(job.id)).effects, [
      { kind: "insert", ...at("a") },
      { kind: "put", ...at("b") },
      { kind: "add", ...at("c") },
      { kind: "delete", ...at("old") },
    ]);
  });

  promise("reading is positional, and an item that is not there is nothing", async (world) => {
    await world.write([put("a", 1), put("b", 2)]);
    const items = await world.engine.read([
      at("b"),
      at("none"),
      at("a"),
      at("b"),
      { table: "none", key: "a" },
    ]);
    assert.deepEqual(
      items.map((item) => item?.value),
      ["2", undefined, "1", "2", undefined],
    );
    assert.deepEqual(Object.keys(items[0] ?? {}).sort(), ["key", "table", "value", "version"]);
  });

  promise("a read that still holds lets the settlement pass, also one that found nothing", async (world) => {
    await world.write([put("a", 1)]);
    const reads = [
      { ...at("a"), version: await world.version("things", "a") },
      { ...at("none"), version: 0 },
    ];
    assert.equal((await world.write([put("a", 2)], reads)).kind, "applied");
    assert.equal(await world.value("things", "a"), 2);
  });

  promise(
    "a read that changed is a conflict: nothing is applied, and the lease is still held",
    async (world) => {
      await world.write([put("a", 1), put("b", 1)]);
      const seen = await world.version("things", "a");
      const b = await world.version("things", "b");
      await world.write([put("a", 2)]);
      const { job, lease } = await world.running();
      const before = await world.known(job.id);
      const effects = {
        reads: [
          { ...at("a"), version: seen },
          { ...at("b"), version: b },
        ],
        writes: [put("b", 9)],
        sends: [world.call({ operation: "sent" })],
        attempt: { number: 1, startedAt: 1, endedAt: 2, node: "a" },
      };
      const answer = await world.settle(lease, DONE, effects);
      assert.ok(answer.kind === "conflict");
      assert.deepEqual(
        answer.reads.map(({ table, key }) => ({ table, key })),
        [at("a")],
      );
      assert.deepEqual(answer.conditions, []);
      assert.deepEqual(await world.known(job.id), before);
      assert.equal(await world.value("things", "b"), 1);
      assert.deepEqual(await world.claim(1, "sent"), []);
      assert.equal((await world.settle(lease, FAILED)).kind, "applied");
    },
  );

  promise("a read of nothing conflicts with an item that has come", async (world) => {
    await world.write([put("a", 1)]);
    assert.equal((await world.write([put("b", 1)], [{ ...at("a"), version: 0 }])).kind, "conflict");
  });

  promise(
    "a read conflicts with an item that was deleted, or deleted and written again with the same value",
    async (world) => {
      await world.write([put("a", 1)]);
      const reads = [{ ...at("a"), version: await world.version("things", "a") }];
      await world.write([remove("a")]);
      assert.equal((await world.write([put("b", 1)], reads)).kind, "conflict");
      await world.write([put("a", 1)]);
      assert.equal((await world.write([put("b", 1)], reads)).kind, "conflict");
      assert.equal(await world.value("things", "b"), undefined);
    },
  );

  promise("versions grow with every write and are never used again, whatever was deleted", async (world) => {
    const seen: number[] = [];
    for (let round = 0; round < 5; round++) {
      await world.write([put("a", round), put("b", round)]);
      seen.push(await world.version("things", "a"));
      if (round % 2 === 0) await world.write([remove("a"), remove("b")]);
      else seen.push(await world.version("things", "b"));
    }
    assert.ok(seen.every((version) => version > 0));
    assert.equal(new Set(seen).size, seen.length);
    const ofA = seen.filter((_, index) => [0, 1, 3, 4, 6].includes(index));
    assert.deepEqual(
      ofA,
      ofA.toSorted((one, other) => one - other),
    );
  });

  promise("insert fails where an item is, with the problem that was given for it", async (world) => {
    await world.write([put("a", 1)]);
    const given = problem("condition-failed", "Taken.");
    const answer = await world.write([{ ...insert("a", 2), problem: given }, insert("b", 2)]);
    assert.deepEqual(answer, { kind: "conflict", reads: [], conditions: [{ ...at("a"), problem: given }] });
    assert.equal(await world.value("things", "a"), 1);
    assert.equal(await world.value("things", "b"), undefined);
  });

  promise("every failed condition of a settlement is named", async (world) => {
    await world.write([put("a", 1), put("b", 1)]);
    const answer = await world.write([insert("a", 2), put("c", 2), insert("b", 2)]);
    assert.deepEqual(answer, { kind: "conflict", reads: [], conditions: [at("a"), at("b")] });
  });

  promise("versions grow in the order of changes, also of what one commit writes twice", async (world) => {
    const settled = async (writes: readonly ItemWrite[]) => {
      const { lease } = await world.running();
      return { kind: "settle", settlement: world.settlement(lease, DONE, { writes }) } as const;
    };
    const first = await settled([put("a", 1), put("b", 1)]);
    await world.engine.commit([first, await settled([put("a", 2)])]);
    assert.ok((await world.version("things", "a")) > (await world.version("things", "b")));
  });

  promise("a write on a version passes on that version and no other", async (world) => {
    await world.write([put("a", 1)]);
    const version = await world.version("things", "a");
    assert.equal((await world.write([{ ...put("a", 2), condition: { version } }])).kind, "applied");
    assert.equal((await world.write([{ ...put("a", 3), condition: { version } }])).kind, "conflict");
    assert.equal((await world.write([{ ...remove("a"), condition: { version } }])).kind, "conflict");
    assert.equal((await world.write([{ ...put("new", 1), condition: { version: 0 } }])).kind, "applied");
    assert.equal(await world.value("things", "a"), 2);
  });

  promise("absent and present are tried on put, add and delete alike", async (world) => {
    await world.write([put("there", { n: 1 })]);
    const kinds = [(key: string) => put(key, 1), (key: string) => add(key, { n: 1 }), remove];
    for (const write of kinds) {
      assert.equal((await world.write([{ ...write("there"), condition: "absent" }])).kind, "conflict");
      assert.equal((await world.write([{ ...write("not-there"), condition: "present" }])).kind, "conflict");
    }
    assert.deepEqual(await world.value("things", "there"), { n: 1 });
    for (const write of kinds.slice(0, 2)) {
      await world.write([{ ...write("there"), condition: "present" }]);
      await world.write([{ ...write("fresh"), condition: "absent" }]);
    }
    assert.equal((await world.write([{ ...remove("there"), condition: "present" }])).kind, "applied");
    assert.equal(await world.value("things", "there"), undefined);
  });

  promise(
    "add counts a missing item and a missing field as 0, keeps the other fields, and needs no read",
    async (world) => {
      await world.write([add("a", { n: 2 })]);
      await world.write([add("a", { n: -5, m: 0.5 })]);
      await world.write([put("b", { name: "b", n: 1 })]);
      await world.write([add("b", { n: 1 })]);
      assert.deepEqual(await world.value("things", "a"), { n: -3, m: 0.5 });
      assert.deepEqual(await world.value("things", "b"), { name: "b", n: 2 });
    },
  );

  promise("adds of one commit all count", async (world) => {
    const claims = await claimsOf(world, 50);
    const answers = await world.engine.commit(
      claims.map(({ lease }) => ({
        kind: "settle",
        settlement: world.settlement(lease, DONE, { writes: [add("total", { n: 1 })] }),
      })),
    );
    assert.ok(answers.every(({ kind }) => kind === "applied"));
    assert.deepEqual(await world.value("things", "total"), { n: 50 });
  });

  promise("of settlements in one commit that insert the same item, one passes", async (world) => {
    const claims = await claimsOf(world, 3);
    const answers = await world.engine.commit(
      claims.map(({ lease }, n) => ({
        kind: "settle",
        settlement: world.settlement(lease, DONE, { writes: [insert("seat", n)] }),
      })),
    );
    assert.deepEqual(
      answers.map(({ kind }) => kind),
      ["applied", "conflict", "conflict"],
    );
    assert.equal(await world.value("things", "seat"), 0);
  });

  promise("a later write of a settlement sees the earlier ones", async (world) => {
    await world.write([put("a", { n: 1 }), add("a", { n: 1 }), remove("b"), insert("b", 1)]);
    assert.deepEqual(await world.value("things", "a"), { n: 2 });
    assert.equal(await world.value("things", "b"), 1);
    assert.equal((await world.write([insert("c", 1), insert("c", 2)])).kind, "conflict");
    assert.equal(await world.value("things", "c"), undefined);
    await world.write([put("d", 1), remove("d")]);
    assert.equal(await world.value("things", "d"), undefined);
  });

  promise("deleting what is not there does nothing", async (world) => {
    assert.equal((await world.write([remove("never")])).kind, "applied");
    assert.equal(await world.value("things", "never"), undefined);
  });

  promise("a scan lists a table in the order of its keys' bytes, page by page", async (world) => {
    const keys = ["a", "B", "a/b", "é", "\u{1f600}", "\uffee", "10", "9", "aa", "A", "~"];
    await world.write(keys.map((key) => put(key, key)));
    await world.write([
      { ...put("x", 1), table: "thing" },
      { ...put("x", 1), table: "things2" },
    ]);
    const sorted = keys.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
    const scanned: string[] = [];
    for (let after = ""; ; after = scanned.at(-1) ?? "") {
      const items = await world.engine.scan("things", after, 4);
      if (items.length === 0) break;
      assert.ok(items.length <= 4);
      scanned.push(...items.map(({ key }) => key));
    }
    assert.deepEqual(scanned, sorted);
    assert.deepEqual(await world.engine.scan("none", "", 4), []);
  });

  promise(
    "a scanned item is the item that is read, and a new or deleted key shows at once",
    async (world) => {
      await world.write([put("a", 1), put("c", 3)]);
      const before = await world.engine.scan("things", "", 10);
      assert.deepEqual(before, await world.engine.read([at("a"), at("c")]));
      await world.write([put("b", 2), remove("c")]);
      assert.deepEqual(
        (await world.engine.scan("things", "", 10)).map(({ key }) => key),
        ["a", "b"],
      );
    },
  );

  promise("tables keep the same key apart", async (world) => {
    await world.write([
      { ...put("a", 1), table: "one" },
      { ...put("a", 2), table: "two" },
    ]);
    assert.deepEqual([await world.value("one", "a"), await world.value("two", "a")], [1, 2]);
  });
});

async function claimsOf(world: World, count: number) {
  const calls = Array.from({ length: count }, () => world.call());
  await world.engine.commit(calls.map((call) => ({ kind: "open", call })));
  return world.claim(count);
}
