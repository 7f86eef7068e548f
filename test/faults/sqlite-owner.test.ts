/** The SQLite engine when something of it dies: the process that serves, the thread that owns, the disk below. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { suite, test } from "node:test";
import { Worker } from "node:worker_threads";
import { ADMIN } from "../../src/core/engine.ts";
import { sqlite } from "../../src/engines/sqlite/index.ts";
import { call, hostOf, newFolder, open, opened, stateOf } from "../support/sqlite.ts";

const server = join(import.meta.dirname, "../support/sqlite-commit-loop.ts");

suite("two processes and one store", () => {
  test("the second is refused and told which the first is, until that ends, however it ends", async (t) => {
    const folder = newFolder(t);
    const child = spawn(process.execPath, [server, folder], { stdio: ["ignore", "pipe", "inherit"] });
    t.after(() => child.kill("SIGKILL"));
    await once(child.stdout, "data");
    const message = new RegExp(`^Process ${child.pid} serves the store in .*Stop that one first`, "s");
    await assert.rejects(sqlite(folder).open(hostOf()), { code: "configuration", message });
    child.kill("SIGKILL");
    await once(child, "exit");
    const engine = await opened(t, folder);
    assert.equal((await engine.commit([open()]))[0]?.kind, "opened");
  });
});

suite("the lock of a store", () => {
  test("outlives an attempt of its own process to open the store twice", async (t) => {
    const folder = newFolder(t);
    await opened(t, folder);
    await assert.rejects(sqlite(folder).open(hostOf()), { code: "configuration" });
    const child = spawn(process.execPath, [server, folder], { stdio: ["ignore", "ignore", "pipe"] });
    const said = child.stderr.setEncoding("utf8").toArray();
    assert.notEqual((await once(child, "exit"))[0], 0);
    assert.match((await said).join(""), new RegExp(`Process ${process.pid} serves the store`));
  });
});

suite("the thread that owns the database", () => {
  test("when it ends, whoever waits waits for ever and the host is told once", async (t) => {
    const fatal: Error[] = [];
    const workers = watchWorkers(t);
    const engine = await opened(t, newFolder(t), {}, fatal);
    const first = call();
    await engine.commit([{ kind: "open", call: first }]);
    const waiting = [engine.commit([open()]), engine.sweep(1)];
    await Promise.all([...workers].map((worker) => worker.terminate()));
    waiting.push(engine.commit([open()]));
    for (const promise of waiting) assert.equal(await stateOf(promise), "pending");
    assert.deepEqual(
      fatal.map(({ message }) => message),
      ["The thread that owns the database ended with code 1."],
    );
    assert.equal(
      (await engine.find([{ id: first.id, principal: ADMIN }]))[0]?.status,
      "queued",
      "reads go on",
    );
    await engine.close();
    assert.equal(fatal.length, 1);
  });

  test("after a close nothing is written and nobody waits", async (t) => {
    const fatal: Error[] = [];
    const engine = await opened(t, newFolder(t), {}, fatal);
    const inFlight = engine.commit([open()]);
    await Promise.all([engine.close(), engine.close()]);
    assert.equal((await inFlight)[0]?.kind, "opened", "what was under way is answered");
    await assert.rejects(engine.commit([open()]), { code: "storage-unavailable" });
    await assert.rejects(engine.figures(), { code: "storage-unavailable" });
    assert.deepEqual(fatal, []);
  });
});

/** Every worker thread that is talked to from now on. */
function watchWorkers(t: { after(run: () => void): void }): Set<Worker> {
  const seen = new Set<Worker>();
  const original = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (this: Worker, ...values: Parameters<Worker["postMessage"]>) {
    seen.add(this);
    return original.apply(this, values);
  } as Worker["postMessage"];
  t.after(() => {
    Worker.prototype.postMessage = original;
  });
  return seen;
}
