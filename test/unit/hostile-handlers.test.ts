/** What the app's own code may do wrong, and what must not come of it: the process lives, and the next call is answered. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ProblemError, RetryableError, ThrottledError } from "../../src/core/errors.ts";
import { operation } from "../../src/core/operation.ts";
import type { Schema } from "../../src/core/schema.ts";
import { type Table, table } from "../../src/core/table.ts";
import { memory } from "../../src/engines/memory/index.ts";
import { altered } from "../support/altered-engine.ts";
import { anything } from "../support/schemas.ts";
import { World } from "../support/small-world.ts";

const throwing: Schema<unknown, never> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: () => {
      throw new Error("a schema with a mistake in it");
    },
  },
};
const never: Schema<unknown, never> = {
  "~standard": { version: 1, vendor: "test", validate: () => new Promise(() => {}) },
};
type Row = { readonly key: string; readonly n: number };
const tableOf = (name: string, schema: Schema<unknown, unknown>) =>
  table(name, { schema: schema as Schema<unknown, Row>, key: "key" });
const rows: Table<Row> = tableOf("rows", anything);

const raise = (error: unknown): never => {
  throw error;
};

const base = { input: anything, retry: { maxAttempts: 2 }, timeout: "1s" } as const;
const target = operation({ ...base, name: "target", flow: "event" }, () => null);

type Handle = Parameters<typeof operation>[1];

async function worldWith(handler: Handle, output?: Schema) {
  const more = output ? { output } : {};
  const ask = operation({ ...base, ...more, name: "ask", flow: "request" }, handler as never);
  const job = operation({ ...base, ...more, name: "job", flow: "event" }, handler as never);
  const well = operation({ ...base, name: "well", flow: "request" }, () => "well");
  return World.start({ operations: [ask, job, well, target] });
}

const mistakes: readonly (readonly [what: string, handler: Handle, output?: Schema])[] = [
  ["an output schema that throws", () => null, throwing],
  ["a row schema that throws", (_input, { write }) => write(tableOf("t", throwing)).put({ key: "a", n: 1 })],
  ["something sent that JSON cannot hold", (_input, { send }) => send(target, undefined)],
  [
    "a row that JSON cannot hold",
    (_input, { write }) => write(rows).put({ key: "a", n: 1n as unknown as number }),
  ],
  ["a key that is no text", (_input, { write }) => write(rows).delete("\ud800")],
  [
    "a problem that JSON cannot hold",
    () => {
      throw new ProblemError({ status: 404, code: "x", more: { n: 1n as never } });
    },
  ],
  ["something thrown that is no error", () => Promise.reject(undefined)],
  [
    "an output that refers to itself",
    () => {
      const loop: { self?: unknown } = {};
      loop.self = loop;
      return loop;
    },
  ],
  [
    "a `then` that throws when it is looked at",
    () => ({
      // biome-ignore lint/suspicious/noThenProperty: that it is no ordinary object is the point.
      get then(): never {
        throw new Error("x");
      },
    }),
  ],
  [
    "a `then` that throws when it is called",
    () => ({
      // biome-ignore lint/suspicious/noThenProperty: a query builder that is awaited looks like this.
      then: () => {
        throw new Error("x");
      },
    }),
  ],
  [
    "a getter that throws in the output",
    () => ({
      get x(): never {
        throw new Error("x");
      },
    }),
  ],
];

describe("a handler's mistake", () => {
  for (const [what, handler, output] of mistakes) {
    test(`${what} is a 500 and a dead letter, and harms no other call`, async () => {
      const world = await worldWith(handler, output);
      assert.equal((await world.call("ask", 1)).status, 500);
      const { body, status } = await world.call("job", 1);
      assert.equal(status, 202);
      assert.equal((await world.receiptAfter(10_000, body["id"]))["status"], "failed");
      assert.equal((await world.call("well", 1)).status, 200);
    });
  }

  test("what was thrown is shown to operators, and to nobody else", async () => {
    const world = await worldWith(() => {
      throw new Error("the pool of db-7 is gone\nwith a second line");
    });
    const { body } = await world.call("job", 1);
    const receipt = await world.receiptAfter(10_000, body["id"]);
    assert.equal(JSON.stringify(receipt).includes("db-7"), false);
    const job = await world.ask("GET", `/admin/jobs/${body["id"]}`);
    const [attempt] = job.body["attempts"] as { readonly error: { readonly detail: string } }[];
    assert.equal(attempt?.error.detail, "Error: the pool of db-7 is gone");
  });

  test("what cannot even be shown is a failure like any other", async () => {
    const world = await worldWith(() => {
      throw Object.assign(new Error(), { toString: () => assert.fail("no") });
    });
    assert.equal((await world.call("ask", 1)).status, 500);
  });

  test("a problem's functions are left out, as JSON leaves them out", async () => {
    const world = await worldWith(() => {
      throw new ProblemError({ status: 404, code: "gone", more: { retry: (() => 1) as never, at: "here" } });
    });
    const { status, body } = await world.call("ask", 1);
    assert.deepEqual([status, body["code"], body["at"], "retry" in body], [404, "gone", "here", false]);
  });

  for (const throws of [Promise.reject.bind(Promise), raise]) {
    test(`what cannot even be looked at is a failure like any other (${throws.name})`, async () => {
      const handler = () => throws(new Proxy(new Error(), { getPrototypeOf: () => assert.fail("no") }));
      const world = await worldWith(handler);
      assert.equal((await world.call("ask", 1)).status, 500);
      const { body } = await world.call("job", 1);
      assert.equal((await world.receiptAfter(10_000, body["id"]))["status"], "failed");
    });
  }

  for (const error of [ThrottledError, RetryableError]) {
    test(`a delay that is no number counts as none (${error.name})`, async () => {
      const world = await worldWith(() => {
        throw new error("later", { afterMs: Number.NaN });
      });
      const { body } = await world.call("job", 1);
      const receipt = await world.receiptAfter(1, body["id"]);
      assert.ok(Number.isFinite(Date.parse(String(receipt["availableAt"]))));
    });
  }

  test("what is no promise but can be awaited, is", async () => {
    const lazy = {
      // biome-ignore lint/suspicious/noThenProperty: a query builder that is awaited looks like this.
      then: (resolve: (rows: readonly number[]) => void) => setImmediate(() => resolve([1, 2])),
    };
    const world = await worldWith(() => lazy);
    assert.deepEqual((await world.call("ask", 1)).body, [1, 2]);
  });

  test("a hook for errors that throws is not heard", async () => {
    const ask = operation({ ...base, name: "ask", flow: "request" }, () => assert.fail("as always"));
    const world = await World.start({
      operations: [ask],
      onError: () => {
        throw new Error("the hook too");
      },
    });
    assert.equal((await world.call("ask", 1)).status, 500);
    assert.equal((await world.call("ask", 1)).status, 500);
  });

  test("a row schema that never answers is cut off by the timeout", async () => {
    const world = await worldWith((_input, { write }) => write(tableOf("t", never)).put({ key: "a", n: 1 }));
    const answer = world.call("ask", 1);
    await world.clock.run(1_100);
    assert.equal((await answer).status, 504);
  });
});

describe("what is checked", () => {
  const positive: Schema<unknown, unknown> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) =>
        (value as Row).n > 0 ? { value } : { issues: [{ message: "must be positive", path: ["n"] }] },
    },
  };

  test("is what is stored, also of a row that was altered after it was put", async () => {
    const world = await worldWith(async (input, { read, write }) => {
      if (input === "read") return read(rows).get("a");
      const row = { key: "a", n: 5 };
      write(tableOf("rows", positive)).put(row);
      row.n = -5;
      return null;
    });
    assert.equal((await world.call("ask", "put")).status, 200);
    assert.deepEqual((await world.call("ask", "read")).body["value"], { key: "a", n: 5 });
  });

  test("a write after the handler has ended is dropped, and told", async () => {
    let late: () => void = assert.fail;
    const world = await worldWith((_input, { write }) => {
      write(rows).put({ key: "a", n: 1 });
      late = () => write(rows).put({ key: "b", n: 2 });
      return "done";
    });
    assert.equal((await world.call("ask", 1)).status, 200);
    late();
    assert.match(String(world.errors[0]), /after it had ended/);
  });

  test("a write that comes while the output is being checked comes too late, and is dropped", async () => {
    const gate = Promise.withResolvers<void>();
    const slow: Schema = {
      "~standard": { version: 1, vendor: "test", validate: (value) => gate.promise.then(() => ({ value })) },
    };
    const world = await worldWith((input, { read, write, send }) => {
      if (input === "read") return read(rows).get("late");
      write(rows).put({ key: "early", n: 1 });
      setImmediate(() => {
        write(rows).put({ key: "late", n: 2 });
        write(rows).delete("early");
        write(rows).add("late", { n: 1 });
        send(target, 1);
        gate.resolve();
      });
      return "done";
    }, slow);
    assert.equal((await world.call("ask", "put")).status, 200);
    assert.equal(world.errors.length, 4);
    assert.equal((await world.call("ask", "read")).body, null);
  });

  test("what is taken out of a context works wherever it is handed", async () => {
    const world = await worldWith((_input, { read, write, send, progress, signal, now }) => {
      const parts = [read(rows).get, write(rows).put, send, progress];
      progress({ ratio: 1 });
      send(target, 1);
      write(rows).put({ key: "a", n: 1 });
      return [...parts.map((part) => typeof part), signal.aborted, now instanceof Date];
    });
    const { body } = await world.call("ask", 1);
    assert.deepEqual(body, ["function", "function", "function", "function", false, true]);
  });

  test("the moment of an attempt does not move while it runs", async () => {
    const moments: number[] = [];
    const world = await worldWith(async (_input, context) => {
      moments.push(context.now.getTime());
      world.clock.advance(500);
      moments.push(context.now.getTime());
      return null;
    });
    await world.call("ask", 1);
    assert.equal(moments[0], moments[1]);
  });
});

describe("a store that cannot be asked", () => {
  test("ends neither the poll nor the process", async () => {
    let broken = false;
    const job = operation({ ...base, name: "job", flow: "event" }, () => "ran");
    const world = await World.start(
      { operations: [job] },
      altered(memory(), (engine) => {
        const figures = engine.figures.bind(engine);
        const sweep = engine.sweep.bind(engine);
        engine.figures = () => (broken ? Promise.reject(new Error("cannot read")) : figures());
        engine.sweep = (limit) => (broken ? Promise.reject(new Error("cannot read")) : sweep(limit));
      }),
    );
    broken = true;
    await world.clock.run(10_000);
    assert.ok(world.errors.length > 0);
    broken = false;
    const { body } = await world.call("job", 1);
    assert.equal((await world.receiptAfter(2_000, body["id"]))["status"], "succeeded");
  });
});
