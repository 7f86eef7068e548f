// The functions behind an HTTP API, on the memory engine: what a function must do otherwise than a server.
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import * as z from "zod";
import { type AppOptions, spillway } from "../../src/app/app.ts";
import type { Engine, EngineSource } from "../../src/core/engine.ts";
import { type Operation, operation } from "../../src/core/operation.ts";
import { bearerTokens } from "../../src/door/identity.ts";
import { memory } from "../../src/engines/memory/index.ts";
import type { HttpResult } from "../../src/lambda/http-event.ts";
import { httpFunction } from "../../src/lambda/http-function.ts";
import { functionContext, httpEvent, jsonEvent } from "../support/function-events.ts";

const TOKEN = "the-administrator-of-this-test";

/** One that all functions of a test have, as they have one table. */
function shared(source: EngineSource = memory()): EngineSource & { engine: () => Promise<Engine> } {
  let opened: Promise<Engine> | undefined;
  return {
    ...source,
    open: (host) => (opened ??= source.open(host)),
    engine: () => opened as Promise<Engine>,
  };
}

function echo(
  flow: "request" | "event" | "spill",
  handler: (input: { ms?: number | undefined }) => unknown = (input) => input,
): Operation {
  const input = z.object({ ms: z.number().optional() });
  return operation({ name: "echo", input, flow, timeout: "2s" }, handler);
}

const slow = (input: { ms?: number | undefined }) =>
  new Promise((resolve) => setTimeout(() => resolve(input), input.ms));

function functions(operations: readonly Operation[], more: Partial<AppOptions> = {}, store = shared()) {
  const onError = () => undefined;
  const app = spillway({ operations, engine: memory(), onError, ...more });
  return {
    http: httpFunction(app, store, { role: "gateway" }),
    status: httpFunction(app, store, { role: "status" }),
    store,
  };
}

const gist = ({ statusCode, body }: HttpResult) =>
  `${statusCode} ${JSON.parse(body || "{}").code ?? JSON.parse(body || "{}").status ?? ""}`.trim();

suite("the function behind an HTTP API", () => {
  test("answers a call, and another at once", async () => {
    const { http } = functions([echo("request")]);
    for (const ms of [1, 2]) {
      const result = await http(jsonEvent("POST", "/operations/echo", { ms }), functionContext());
      assert.equal(result.statusCode, 200, result.body);
      assert.deepEqual(JSON.parse(result.body), { ms });
    }
  });

  test("queues an event, shows its receipt, and runs nothing by itself", async () => {
    let ran = 0;
    const { http, status, store } = functions([echo("event", () => ran++)]);
    const accepted = await http(jsonEvent("POST", "/operations/echo", {}), functionContext());
    assert.equal(gist(accepted), "202 queued");
    const receipt = await status(httpEvent("GET", accepted.headers["location"] as string), functionContext());
    assert.equal(gist(receipt), "200 queued");
    const queues = [{ operation: "echo", limit: 5 }];
    const claim = { kind: "claim", queues, token: "t", leaseMs: 1_000 } as const;
    const [claimed] = await (await store.engine()).commit([claim]);
    assert.equal(claimed?.kind === "claimed" && claimed.claims.length, 1);
    assert.equal(ran, 0);
  });

  test("waits for a spill call that outlives its wait, and does not claim to have kept to it", async () => {
    const { http } = functions([echo("spill", slow)]);
    const event = jsonEvent("POST", "/operations/echo", { ms: 1_200 }, { prefer: "wait=1" });
    const result = await http(event, functionContext());
    assert.equal(gist(result), "200");
    assert.equal(result.headers["preference-applied"], undefined);
    const short = await http(
      jsonEvent("POST", "/operations/echo", { ms: 1 }, { prefer: "wait=1" }),
      functionContext(),
    );
    assert.equal(short.headers["preference-applied"], "wait=1");
  });

  test("ends an attempt before its time is over, and queues the next", async () => {
    const { http } = functions([echo("spill", slow)]);
    const result = await http(jsonEvent("POST", "/operations/echo", { ms: 1_500 }), functionContext(1_800));
    assert.equal(gist(result), "202 queued");
    assert.equal(JSON.parse(result.body).error.code, "handler-timeout");
  });

  test("ends an attempt before the gateway gives up, whatever its own time is", async () => {
    const { http } = functions([echo("request", slow)]);
    const event = jsonEvent("POST", "/operations/echo", { ms: 1_500 });
    const late = { ...event, requestContext: { ...event.requestContext, timeEpoch: Date.now() - 27_500 } };
    assert.equal(gist(await http(late, functionContext(60_000))), "504 handler-timeout");
    const url = {
      ...late,
      requestContext: { ...late.requestContext, domainName: "id.lambda-url.eu-west-1.on.aws" },
    };
    assert.equal(gist(await http(url, functionContext(60_000))), "200");
  });

  test("holds a receipt back until the job has ended elsewhere", async () => {
    const { http, status, store } = functions([echo("event")]);
    const accepted = await http(jsonEvent("POST", "/operations/echo", {}), functionContext());
    const waits = status(
      httpEvent("GET", accepted.headers["location"] as string, { headers: { prefer: "wait=5" } }),
      functionContext(),
    );
    const engine = await store.engine();
    const queues = [{ operation: "echo", limit: 1 }];
    const [claimed] = await engine.commit([{ kind: "claim", queues, token: "t", leaseMs: 1_000 }]);
    assert.ok(claimed?.kind === "claimed" && claimed.claims[0]);
    const { lease } = claimed.claims[0];
    const verdict = { kind: "succeeded", output: "1" } as const;
    await engine.commit([
      { kind: "settle", settlement: { lease, verdict, reads: [], writes: [], sends: [] } },
    ]);
    assert.equal(gist(await waits), "200 succeeded");
  });

  test("refuses what streams, and says where it may be had", async () => {
    const { http } = functions([echo("event")]);
    const accepted = await http(jsonEvent("POST", "/operations/echo", {}), functionContext());
    const result = await http(httpEvent("GET", `${accepted.headers["location"]}/events`), functionContext());
    assert.equal(gist(result), "501 not-on-this-deployment");
  });

  test("has no administrator while no token is set, and one when it is", async (t) => {
    const admin = (headers: Record<string, string> = {}) =>
      functions([echo("event")]).http(httpEvent("GET", "/admin/operations", { headers }), functionContext());
    environment(t, { SPILLWAY_ADMIN_TOKEN: undefined });
    assert.equal(gist(await admin()), "401 unauthenticated");
    assert.equal(gist(await admin({ authorization: `Bearer ${TOKEN}` })), "401 unauthenticated");
    environment(t, { SPILLWAY_ADMIN_TOKEN: TOKEN });
    assert.equal(gist(await admin({ host: "localhost" })), "401 unauthenticated");
    assert.equal((await admin({ authorization: `Bearer ${TOKEN}` })).statusCode, 200);
  });

  test("knows callers by the app's own authenticate", async () => {
    const { http } = functions([echo("request")], {
      authenticate: bearerTokens({ ann: "a-token-of-sixteen" }),
    });
    const call = (headers = {}) =>
      http(jsonEvent("POST", "/operations/echo", {}, headers), functionContext());
    assert.equal(gist(await call()), "401 unauthenticated");
    assert.equal((await call({ authorization: "Bearer a-token-of-sixteen" })).statusCode, 200);
  });

  test("sees what operators paused elsewhere, a minute later at most", async (t) => {
    const { http, store } = functions([echo("request")]);
    const call = () => http(jsonEvent("POST", "/operations/echo", {}), functionContext());
    assert.equal(gist(await call()), "200");
    const setting = { scope: "operation", name: "echo", paused: true, concurrency: null } as const;
    await (await store.engine()).commit([{ kind: "set", setting }]);
    t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 61_000 });
    assert.equal(gist(await call()), "503 paused");
  });
});

suite("a function whose store cannot be reached", () => {
  const broken: EngineSource = {
    ...memory(),
    open: () => Promise.reject(new Error("ECONNREFUSED 10.0.0.7:8000")),
  };

  test("says that nothing was kept, and begins anew with the next call", async () => {
    const source = { ...memory() };
    let opens = 0;
    const failing: EngineSource = {
      ...source,
      open: (host) => (opens++ === 0 ? broken.open(host) : source.open(host)),
    };
    const { http } = functions([echo("request")], {}, shared(failing) && { ...shared(), open: failing.open });
    const call = () => http(jsonEvent("POST", "/operations/echo", {}), functionContext());
    const refused = await call();
    assert.equal(gist(refused), "503 storage-unavailable");
    assert.equal(refused.headers["retry-after"], "2");
    assert.doesNotMatch(refused.body, /10\.0\.0\.7/);
    assert.equal(gist(await call()), "200");
  });
});

suite("the function that shows receipts", () => {
  test("shows receipts, and takes nothing", async () => {
    const { http, status } = functions([echo("event")]);
    const accepted = await http(jsonEvent("POST", "/operations/echo", {}), functionContext());
    const path = accepted.headers["location"] as string;
    const ask = async (method: string, at: string) => status(httpEvent(method, at), functionContext());
    assert.equal(gist(await ask("GET", path)), "200 queued");
    assert.equal((await ask("HEAD", path)).body, "");
    assert.equal(gist(await ask("DELETE", path)), "405 method-not-allowed");
    assert.equal((await ask("OPTIONS", path)).headers["allow"], "GET, HEAD, OPTIONS");
    assert.equal(gist(await ask("GET", "/receipts/unknown")), "404 unknown-receipt");
    for (const other of ["/admin/operations", "/admin/session", "/operations/echo", "/socket", "/"]) {
      assert.equal(gist(await ask("GET", other)), "404 not-found", other);
    }
    assert.equal(
      gist(await status(jsonEvent("POST", "/operations/echo", {}), functionContext())),
      "404 not-found",
    );
  });
});

function environment(t: TestContext, values: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(values)) {
    const before = process.env[name];
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
    t.after(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
}
