// The examples of examples/scaling: what they ask of Spillway is there, under the names they ask it by.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { operation } from "../../src/core/operation.ts";
import { requestOf } from "../support/door-exchange.ts";
import { anything } from "../support/schemas.ts";
import { World } from "../support/small-world.ts";

const text = (name: string) =>
  readFileSync(join(import.meta.dirname, "../../examples/scaling", name), "utf8");

/** What stands behind a key, wherever it is. */
function value(yaml: string, key: string): string {
  const [, found] = new RegExp(`^\\s*(?:- )?${key}: (.+)$`, "m").exec(yaml) ?? [];
  assert.ok(found, `${key} is there`);
  return found.replace(/^["']|["']$/g, "");
}

const start = () =>
  World.start({ operations: [operation({ name: "work", flow: "event", input: anything }, () => null)] });

suite("the scaling examples", () => {
  test("KEDA's address is answered, and has a number where KEDA looks for one", async () => {
    const keda = text("keda.yaml");
    const url = new URL(value(keda, "url"));
    const { app } = await start();
    const reply = await app.door.handle(requestOf("GET", url.pathname + url.search));
    assert.equal(reply.status, 200, reply.body);
    assert.equal(typeof JSON.parse(reply.body)[value(keda, "valueLocation")], "number");
  });

  test("the metric of the autoscaler and of the adapter is one of GET /metrics", async () => {
    const [, name] = /name: (spillway_\w+)/.exec(text("hpa.yaml")) ?? [];
    const [, series] = /__name__="(\w+)"/.exec(text("prometheus-adapter.yaml")) ?? [];
    assert.equal(series, name);
    const { app } = await start();
    const reply = await app.door.handle(requestOf("GET", "/metrics"));
    assert.match(reply.body, new RegExp(`^${series} \\d+$`, "m"));
  });

  test("are indented by two spaces throughout, and have no tab", () => {
    for (const name of ["keda.yaml", "hpa.yaml", "prometheus-adapter.yaml"])
      for (const line of text(name).trimEnd().split("\n"))
        assert.match(line, /^(?: {2})*(?:- )?\S.*$/, `${name}: ${JSON.stringify(line)}`);
  });
});
