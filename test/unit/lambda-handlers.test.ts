// All functions of an app in one module, looked at where nothing of AWS is there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { spillway } from "../../src/app/app.ts";
import { operation } from "../../src/core/operation.ts";
import { lambdaHandlers } from "../../src/lambda/index.ts";
import { functionContext, httpEvent } from "../support/function-events.ts";
import { anything } from "../support/schemas.ts";

const app = spillway({ operations: [operation({ name: "r", flow: "request", input: anything }, () => 1)] });

test("the functions of an app are there without an environment, and start nothing before they are called", () => {
  const handlers = lambdaHandlers(app);
  const names = ["authorizer", "dead", "events", "http", "queue", "socket", "status", "sweep"];
  assert.deepEqual(Object.keys(handlers).sort(), names);
  for (const handler of Object.values(handlers)) assert.equal(typeof handler, "function");
});

test("a function that is not told its table says so in its log, and answers that it is not set up", async (t) => {
  const lines: string[] = [];
  t.mock.method(process.stderr, "write", (line: string) => lines.push(line) > 0);
  t.mock.method(process.stdout, "write", (line: string) => lines.push(line) > 0);
  const { SPILLWAY_TABLE: before } = process.env;
  delete process.env["SPILLWAY_TABLE"];
  const result = await lambdaHandlers(app).http(httpEvent("GET", "/health/live"), functionContext());
  t.mock.restoreAll();
  if (before !== undefined) process.env["SPILLWAY_TABLE"] = before;
  assert.equal(result.statusCode, 500);
  assert.match(JSON.parse(result.body).detail, /its log says why/);
  assert.match(lines.join(""), /SPILLWAY_TABLE/);
});
