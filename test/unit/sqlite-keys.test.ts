/** What the SQLite engine promises about keys beyond what every engine does: however many came, each is known. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { suite, test } from "node:test";
import { ADMIN, type Engine, type NewCall } from "../../src/core/engine.ts";
import { GENERATION_KEYS, KeyIndex } from "../../src/engines/sqlite/key-index.ts";
import { call, newFolder, open, opened } from "../support/sqlite.ts";

const GROUP = 1_000;
/** The index in memory was full three times, and the log's first keys are among the older ones. */
const MANY = Math.ceil((3.5 * GENERATION_KEYS) / GROUP) * GROUP;

suite("keys", () => {
  test("of any number are all known, to those who write and to those who read, before and after a restart", async (t) => {
    const folder = newFolder(t);
    const first = await opened(t, folder);
    for (let n = 0; n < MANY; n += GROUP) {
      const group = Array.from({ length: GROUP }, (_, place) => keyed(n + place));
      const answers = await first.commit(group.map((one) => ({ kind: "open", call: one })));
      assert.ok(answers.every(({ kind }) => kind === "opened"));
    }
    await assertKnown(first);
    await first.close();
    await assertKnown(await opened(t, folder));
  });

  test("of a group that was refused are free, and those before it are not", async (t) => {
    const engine = await opened(t, newFolder(t), { maxPages: 60 });
    await engine.commit([{ kind: "open", call: keyed(1) }]);
    const tooMuch = open({ input: JSON.stringify("x".repeat(300_000)) });
    const refused = await engine.commit([{ kind: "open", call: keyed(2) }, tooMuch]);
    assert.deepEqual(
      refused.map(({ kind }) => kind),
      ["refused", "refused"],
    );
    const answers = await engine.commit([keyed(2), keyed(1)].map((one) => ({ kind: "open", call: one })));
    assert.deepEqual(
      answers.map(({ kind }) => kind),
      ["opened", "existing"],
    );
  });

  test("whose hashes are alike lead to both, until one is forgotten", () => {
    const index = new KeyIndex();
    index.put(0, 7, 100);
    index.put(1, 7, 200);
    index.put(0, 7 + 65_536, 300);
    assert.deepEqual(index.candidates(7), [100, 200]);
    index.forget(7, 100);
    assert.deepEqual(index.candidates(7), [200]);
    assert.deepEqual(index.candidates(7 + 65_536), [300], "what stood behind it is still found");
    assert.deepEqual(new KeyIndex(index.memory).candidates(7), [200], "the other side sees the same");
  });
});

function keyed(n: number): NewCall {
  return call({ id: createHash("sha256").update(`${n}`).digest("base64url"), fingerprint: "f" });
}

async function assertKnown(engine: Engine): Promise<void> {
  const some = Array.from({ length: 200 }, (_, n) => Math.floor((n * (MANY - 1)) / 199));
  const calls = some.map(keyed);
  const found = await engine.find(calls.map(({ id }) => ({ id, principal: ADMIN })));
  assert.deepEqual(
    found.map((record) => record?.id),
    calls.map(({ id }) => id),
  );
  const again = await engine.commit(calls.map((one) => ({ kind: "open", call: one })));
  assert.deepEqual(new Set(again.map(({ kind }) => kind)), new Set(["existing"]));
  assert.deepEqual(await engine.find([{ id: keyed(MANY).id, principal: ADMIN }]), [undefined]);
}
