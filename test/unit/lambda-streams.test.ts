// The function that streams receipts, and the one that API Gateway asks who a caller is: on the memory engine, with what
// the platform gives to functions played by a few lines.
import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { suite, type TestContext, test } from "node:test";
import { spillway } from "../../src/app/app.ts";
import type { Engine, EngineSource } from "../../src/core/engine.ts";
import { operation } from "../../src/core/operation.ts";
import { bearerTokens } from "../../src/door/identity.ts";
import { memory } from "../../src/engines/memory/index.ts";
import { type AuthorizerEvent, authorizer } from "../../src/lambda/authorizer.ts";
import { eventsFunction } from "../../src/lambda/events-function.ts";
import { httpFunction } from "../../src/lambda/http-function.ts";
import { functionContext, httpEvent, jsonEvent } from "../support/function-events.ts";
import { anything } from "../support/schemas.ts";

type Head = { readonly statusCode: number; readonly headers: Readonly<Record<string, string>> };
type Streaming = (event: unknown, stream: PassThrough, context: unknown) => Promise<void>;

/** What such a platform has: a head is told before the first bytes. */
function platform(t: TestContext): Map<unknown, Head> {
  const heads = new Map<unknown, Head>();
  const awslambda = {
    streamifyResponse: (run: unknown) => run,
    HttpResponseStream: {
      from(stream: unknown, head: Head) {
        heads.set(stream, head);
        return stream;
      },
    },
  };
  Object.assign(globalThis, { awslambda });
  t.after(() => Reflect.deleteProperty(globalThis, "awslambda"));
  return heads;
}

function functions(t: TestContext) {
  const heads = platform(t);
  const source = memory();
  let opened: Promise<Engine> | undefined;
  const store: EngineSource = { ...source, open: (host) => (opened ??= source.open(host)) };
  const app = spillway({
    operations: [operation({ name: "echo", input: anything, flow: "event" }, (input) => input)],
    engine: source,
  });
  const http = httpFunction(app, store, { role: "gateway" });
  const run = eventsFunction(app, store) as Streaming;
  const events = async (path: string, ms = 30_000, headers = {}, first = async () => {}) => {
    const stream = new PassThrough();
    const over = run(httpEvent("GET", path, { headers }), stream, functionContext(ms));
    let text = "";
    for await (const chunk of stream) {
      if (text === "") await first();
      text += String(chunk);
    }
    await over;
    return { text, ...(heads.get(stream) as Head) };
  };
  return { http, events, engine: () => opened as Promise<Engine> };
}

async function accepted({ http }: ReturnType<typeof functions>): Promise<string> {
  const result = await http(jsonEvent("POST", "/operations/echo", {}), functionContext());
  return result.headers["location"] as string;
}

async function ends(engine: Engine): Promise<void> {
  const queues = [{ operation: "echo", limit: 1 }];
  const [claimed] = await engine.commit([{ kind: "claim", queues, token: "t", leaseMs: 1_000 }]);
  assert.ok(claimed?.kind === "claimed" && claimed.claims[0]);
  const { lease } = claimed.claims[0];
  const verdict = { kind: "succeeded", output: "1" } as const;
  await engine.commit([{ kind: "settle", settlement: { lease, verdict, reads: [], writes: [], sends: [] } }]);
}

suite("the function that streams receipts", () => {
  test("tells the state now, and the final one although nobody tells it, and ends", async (t) => {
    const all = functions(t);
    const path = await accepted(all);
    const ended = async () => ends(await all.engine());
    const { statusCode, headers, text } = await all.events(`${path}/events`, 30_000, {}, ended);
    assert.equal(statusCode, 200);
    assert.equal(headers["content-type"], "text/event-stream");
    assert.match(
      text,
      /^event: status\nid: 1\ndata: .*"status":"queued".*\n\nevent: status\nid: 3\n.*"succeeded"/,
    );
  });

  test("ends before its time does, so that the reader comes back", async (t) => {
    const all = functions(t);
    const { text } = await all.events(`${await accepted(all)}/events`, 1_500);
    assert.match(text, /"status":"queued"/);
    assert.doesNotMatch(text, /"succeeded"/);
  });

  test("has nothing more to say to who has heard the end", async (t) => {
    const all = functions(t);
    const path = await accepted(all);
    await ends(await all.engine());
    const { statusCode, text } = await all.events(`${path}/events`, 5_000, { "last-event-id": "3" });
    assert.deepEqual([statusCode, text], [204, ""]);
  });

  test("answers problems as every door does, and shows nothing else", async (t) => {
    const { events } = functions(t);
    const unknown = await events("/receipts/unknown/events");
    assert.equal(unknown.statusCode, 404);
    assert.equal(JSON.parse(unknown.text).code, "unknown-receipt");
    assert.equal(JSON.parse((await events("/admin/live")).text).code, "not-found");
  });

  test("says what it needs where nothing can be streamed", async () => {
    const app = spillway({
      operations: [operation({ name: "e", input: anything, flow: "event" }, () => 1)],
      engine: memory(),
    });
    const run = eventsFunction(app, memory()) as () => void;
    assert.throws(run, /InvokeMode RESPONSE_STREAM/);
  });
});

suite("the authorizer", () => {
  const ARN = "arn:aws:execute-api:us-east-1:123456789012:id/live/POST/operations/echo";
  const operations = [operation({ name: "r", input: anything, flow: "request" }, () => 1)];
  const ask = authorizer(spillway({ operations, authenticate: bearerTokens({ ann: "a-token-of-sixteen" }) }));
  const known = { Authorization: "Bearer a-token-of-sixteen" };
  const asked = (event: AuthorizerEvent) => ask(event, functionContext());

  test("of an HTTP API answers yes or no, and who it is", async () => {
    const yes = { isAuthorized: true, context: { principal: "ann" } };
    assert.deepEqual(await asked({ headers: known }), yes);
    assert.deepEqual(await asked({ headers: {} }), { isAuthorized: false });
    assert.deepEqual(await asked({ headers: { authorization: "Bearer another-one" } }), {
      isAuthorized: false,
    });
    assert.deepEqual(await asked({ headers: { authorization: "Bearer" } }), { isAuthorized: false });
  });

  test("of a REST API allows the whole stage, and refuses so that it is 401", async () => {
    const result = await asked({ headers: known, methodArn: ARN });
    assert.ok("policyDocument" in result);
    assert.equal(result.principalId, "ann");
    const { Effect, Resource } = result.policyDocument.Statement[0];
    assert.deepEqual([Effect, Resource], ["Allow", "arn:aws:execute-api:us-east-1:123456789012:id/live/*"]);
    await assert.rejects(asked({ headers: {}, methodArn: ARN }), { message: "Unauthorized" });
    const byToken = await asked({ authorizationToken: known.Authorization, methodArn: ARN });
    assert.ok("policyDocument" in byToken);
  });

  test("of a WebSocket API knows a token that comes as a subprotocol", async () => {
    const offer = `spillway.v1, bearer.${Buffer.from("a-token-of-sixteen").toString("base64url")}`;
    const result = await asked({ headers: { "Sec-WebSocket-Protocol": offer }, methodArn: ARN });
    assert.ok("principalId" in result && result.principalId === "ann");
  });

  test("says that it has nobody to ask where the app knows no callers", async () => {
    const nobody = authorizer(spillway({ operations }));
    await assert.rejects(nobody({ headers: known }, functionContext()), /has no authenticate/);
  });
});
