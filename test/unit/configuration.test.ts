/** What is refused before anything starts: each message says what is wrong, with the value, and the next step. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type AppOptions, spillway } from "../../src/app/app.ts";
import { operation, type SpecOptions, spec } from "../../src/core/operation.ts";
import { type ResourceOptions, resource } from "../../src/core/resource.ts";
import type { Schema } from "../../src/core/schema.ts";
import { table } from "../../src/core/table.ts";
import { memory } from "../../src/engines/memory/index.ts";
import { anything } from "../support/schemas.ts";

/** As plain JavaScript would write it. */
const op = (options: object, handler: unknown = () => null) =>
  operation(
    { name: "x", input: anything, ...options } as SpecOptions<Schema, undefined>,
    handler as () => null,
  );
const app = (options: object) =>
  spillway({ operations: [op({})], engine: memory(), ...options } as AppOptions);

/** As those engines are that several processes have open at once. */
const shared = { ...memory(), limits: { ...memory().limits, singleOwner: false } };

/** As postgres is, with so many connections for interactive transactions. */
const pooled = (transactions: number) => ({
  ...memory(),
  name: "postgres",
  limits: { ...memory().limits, sql: { transactions } },
});
const db = resource("db", { concurrency: 3 });
const asking = (name: string, limits: object) => op({ name, limits, sql: true });

const mistakes: readonly (readonly [what: string, make: () => unknown, says: RegExp])[] = [
  [
    "a misspelt option",
    () => op({ limit: 3 }),
    /operation "x" has no option "limit"\. Did you mean limits\?/,
  ],
  ["an option of another thing", () => op({ quota: 3 }), /no option "quota"\. It takes name, input/],
  [
    "a retry option there is not",
    () => op({ retry: { attempts: 1 } }),
    /\.retry has no option "attempts"\. It takes/,
  ],
  ["sql that is text", () => op({ sql: "yes" }), /\.sql is "yes"\. Use one of: true, false/],
  [
    "sql on an engine without it",
    () => app({ operations: [op({ sql: true })] }),
    /"x" has sql: true, and memory has no interactive transactions\. Use postgres\(url\)\.$/,
  ],
  [
    "sql on an engine that runs statements only",
    () => app({ operations: [op({ sql: true })], engine: pooled(0) }),
    /Use postgres\(url\), or write\.sql\(\)/,
  ],
  [
    "sql without an engine",
    () => spillway({ operations: [op({ sql: true, flow: "request" })] }),
    /has sql: true, and there is no engine/,
  ],
  [
    "more handlers with sql than connections",
    () =>
      app({
        operations: [asking("a", db), asking("b", db), asking("c", { concurrency: 2 })],
        engine: pooled(4),
      }),
    /Up to 5 handlers with sql: true .*\(a, b, c\), and postgres has 4 connections.*pool: 5/,
  ],
  ["no name", () => op({ name: undefined }), /undefined cannot name an operation/],
  [
    "a name with a space",
    () => op({ name: "Place order" }),
    /"Place order" cannot name an operation\. Use lower/,
  ],
  ["no schema", () => op({ input: {} }), /operation "x"\.input is no Standard Schema/],
  ["no handler", () => op({}, "none"), /operation "x" has no handler\. Give it as the second argument/],
  ["an unknown flow", () => op({ flow: "sync" }), /\.flow is "sync"\. Use one of: request, event, spill/],
  ["limits that are a number", () => op({ limits: 5 }), /\.limits is 5\. Give a resource/],
  ["limits that are empty", () => op({ limits: {} }), /has concurrency undefined/],
  ["a limit of 0", () => op({ limits: { concurrency: 0 } }), /has concurrency 0\. Use a whole number/],
  [
    "a resource twice",
    () => op({ limits: [resource("r", { concurrency: 1 }), resource("r", { concurrency: 1 })] }),
    /names a resource twice/,
  ],
  [
    "a timeout without a unit",
    () => op({ timeout: "10" }),
    /\.timeout is "10", which is no duration\. Write/,
  ],
  ["a timeout of an hour", () => op({ timeout: "1h" }), /Use at most 15 minutes/],
  ["0 attempts", () => op({ retry: { maxAttempts: 0 } }), /maxAttempts is 0\. Use a whole number/],
  [
    "a route of Spillway's own",
    () => op({ route: "/admin/x" }),
    /\.route is "\/admin\/x"\. Use a plain path/,
  ],
  ["a route without a slash", () => op({ route: "orders" }), /\.route is "orders"/],
  ["an input limit over the portable one", () => op({ inputBytes: 1e9 }), /\.inputBytes is 1000000000\./],
  [
    "a resource without a limit",
    () => resource("r", {} as ResourceOptions),
    /resource "r" has concurrency undefined/,
  ],
  [
    "a rate without a unit",
    () => resource("r", { concurrency: 1, rate: "5" as "5/s" }),
    /is "5", which is no rate/,
  ],
  [
    "a table without a key",
    () => table("t", { schema: anything } as never),
    /table "t" has no key\. Name the member/,
  ],
  [
    "a table without a schema",
    () => table("t", { key: "id" } as never),
    /table "t"\.schema is no Standard Schema/,
  ],
  ["nothing at all", () => spillway(undefined as never), /spillway\(\) got undefined\. Give it an object/],
  [
    "a misspelt part of the app",
    () => app({ engin: 1 }),
    /spillway\(\) has no option "engin"\. Did you mean engine\?/,
  ],
  ["no operations", () => app({ operations: [] }), /operations is \[\]\. Give spillway/],
  [
    "a spec without a handler",
    () => app({ operations: [spec({ name: "y", input: anything })] }),
    /operations\[0\] is no operation/,
  ],
  [
    "two operations of one name",
    () => app({ operations: [op({}), op({})] }),
    /Two operations are called "x"/,
  ],
  [
    "two operations of one route",
    () => app({ operations: [op({ route: "/a" }), op({ name: "y", route: "/a" })] }),
    /Two operations have the route \/a/,
  ],
  ["an engine that was not called", () => app({ engine: memory }), /engine is a function\. Call it/],
  ["an engine by its name", () => app({ engine: "sqlite" }), /engine is "sqlite"\. Call it/],
  [
    "an event without an engine",
    () => app({ engine: undefined, operations: [op({ flow: "event" })] }),
    /has flow "event", and there is no engine/,
  ],
  [
    "keys without an engine",
    () => app({ engine: undefined, operations: [op({ flow: "request", idempotency: "required" })] }),
    /requires keys, and there is no engine/,
  ],
  [
    "an authenticate that is no function",
    () => app({ authenticate: "x" }),
    /authenticate is "x"\. Give a function/,
  ],
  [
    "an origin with a path",
    () => app({ allowedOrigins: ["https://a.example/b"] }),
    /allowedOrigins has "https:\/\/a\.example\/b"/,
  ],
  [
    "a quota of half a call",
    () => app({ quota: { calls: 0.5, seconds: 1 } }),
    /quota is 0\.5 calls in 1 seconds/,
  ],
  [
    "a quota of each node",
    () => app({ quota: { calls: 1, seconds: 1, per: "node" } }),
    /quota is per "node"\. There is "process"/,
  ],
  [
    "a quota where several processes share a store",
    () => app({ quota: { calls: 9, seconds: 1 }, engine: shared }),
    /quota is 9 calls in 1 seconds, and processes that share memory do not count together\..*per: "process"/,
  ],
];

test("a quota of each process is taken where several share a store", () => {
  app({ quota: { calls: 9, seconds: 1, per: "process" }, engine: shared });
});

describe("a configuration is refused", () => {
  for (const [what, make, says] of mistakes) {
    test(what, () => {
      assert.throws(make, (error) => {
        assert.ok(error instanceof Error && "code" in error && error.code === "configuration", String(error));
        assert.match(error.message, says);
        return true;
      });
    });
  }
});
