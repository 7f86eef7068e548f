// Looks at jobs that callers wait for: a crowd costs a few reads, and each is answered what the store said of its own.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ref } from "../../src/core/engine.ts";
import type { JobRecord } from "../../src/core/job.ts";
import type { Runtime } from "../../src/core/runtime.ts";
import { FIND_MOST, Looks } from "../../src/door/looks.ts";

const ref = (n: number): Ref => ({ id: `id-${n}`, principal: "ann" });

/** A store that answers when the test says so, and fails where it is told to. */
function store() {
  const asked: { readonly refs: readonly Ref[]; readonly answer: (failure?: Error) => void }[] = [];
  const find = (refs: readonly Ref[]) =>
    new Promise<readonly (JobRecord | undefined)[]>((resolve, reject) => {
      const found = () => refs.map(({ id }) => (id.endsWith("7") ? undefined : ({ id } as JobRecord)));
      asked.push({ refs, answer: (failure) => (failure ? reject(failure) : resolve(found())) });
    });
  const runtime = { store: { engine: { find } } } as unknown as Pick<Runtime, "store">;
  return { asked, looks: new Looks(runtime) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("those who look at one time are looked up together, and those who come meanwhile after them", async () => {
  const { asked, looks } = store();
  const first = [1, 2, 7].map((n) => looks.find(ref(n)));
  await turn();
  const later = [3, 4].map((n) => looks.find(ref(n)));
  await turn();
  assert.deepEqual(
    asked.map(({ refs }) => refs.length),
    [3],
  );
  asked[0]?.answer();
  assert.deepEqual(
    (await Promise.all(first)).map((job) => job?.id),
    ["id-1", "id-2", undefined],
  );
  await turn();
  assert.deepEqual(
    asked.map(({ refs }) => refs.length),
    [3, 2],
  );
  asked[1]?.answer();
  assert.deepEqual(
    (await Promise.all(later)).map((job) => job?.id),
    ["id-3", "id-4"],
  );
});

test("no more records than a few are in memory at once, however many wait", async () => {
  const { asked, looks } = store();
  const waiting = Array.from({ length: 150 }, (_, n) => looks.find(ref(n * 10)));
  for (let answered = 0; answered < 3; answered++) {
    await turn();
    assert.equal(asked.length, answered + 1);
    asked[answered]?.answer();
  }
  await Promise.all(waiting);
  assert.deepEqual(
    asked.map(({ refs }) => refs.length),
    [FIND_MOST, FIND_MOST, 150 - 2 * FIND_MOST],
  );
});

test("where the store cannot be read those who asked are told, and the next are looked up", async () => {
  const { asked, looks } = store();
  const failing = looks.find(ref(1));
  await turn();
  const next = looks.find(ref(2));
  asked[0]?.answer(new Error("The store is away."));
  await assert.rejects(failing, /away/);
  await turn();
  asked[1]?.answer();
  assert.equal((await next)?.id, "id-2");
});
