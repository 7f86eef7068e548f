// Paths and callers: the short way that nearly every request takes leads where the long one does.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { SpillwayError } from "../../src/core/errors.ts";
import { operation } from "../../src/core/operation.ts";
import { Gatekeeper } from "../../src/door/identity.ts";
import { callRoutes, isAllowed, matchRoute } from "../../src/door/routes.ts";
import { DoorRig } from "../support/door-rig.ts";
import { anything } from "../support/schemas.ts";

const place = operation({ name: "place-order", flow: "spill", input: anything, route: "/orders" }, () => 1);

suite("a path", () => {
  test("leads to the same operation however it is written", () => {
    const routes = callRoutes([place]);
    const call = { kind: "call", operation: "place-order" };
    for (const path of ["/operations/place-order", "/operations/place%2Dorder", "/orders"])
      assert.deepEqual(matchRoute(path, routes), call);
    for (const path of ["/operations/place-order/batch", "/operations/place%2Dorder/b%61tch"])
      assert.deepEqual(matchRoute(path, routes), { ...call, kind: "batch" });
    for (const path of ["/operations/place-order/", "/orders/batch", "/operations/a/b", "/operations/%zz"])
      assert.equal(matchRoute(path, routes), undefined);
    assert.deepEqual(matchRoute("/operations/other", routes), { kind: "call", operation: "other" });
  });

  test("takes the methods of its list and no part of one", () => {
    for (let again = 0; again < 2; again++) {
      assert.ok(isAllowed("POST", "POST, OPTIONS"));
      for (const method of ["GET", "POS", "POST, OPTIONS", ""])
        assert.ok(!isAllowed(method, "POST, OPTIONS"), method);
    }
  });
});

suite("a caller", () => {
  test("is known at once where nobody has a name", async () => {
    const rig = await DoorRig.start({ operations: [place] });
    const request = { method: "GET", path: "/", query: "", headers: {}, fromLoopback: true };
    const body = async () => ({ kind: "cut" }) as const;
    const identity = new Gatekeeper(undefined, undefined, true).identify({ ...request, body });
    assert.deepEqual(identity, { principal: "" });
    assert.equal((await rig.call("place-order")).status, 200);
  });

  test("has a name that every store can keep an index of, or the app is told", async () => {
    const named = (principal: string) => {
      const headers = { authorization: "Bearer of-anyone" };
      const request = { method: "GET", path: "/", query: "", headers, fromLoopback: true };
      const body = async () => ({ kind: "cut" }) as const;
      return new Gatekeeper(() => ({ principal }), undefined, true).identify({ ...request, body });
    };
    assert.deepEqual(await named("a".repeat(512)), { principal: "a".repeat(512) });
    await assert.rejects(async () => named("a".repeat(513)), /a principal of 513 characters.*512 at most/s);
  });
});

suite("a store that cannot be read", () => {
  test("is said to the caller, and why is for the log only", async () => {
    const rig = await DoorRig.start({ operations: [place] });
    const away = new SpillwayError("storage-unavailable", "connect ECONNREFUSED 10.0.0.7:5432");
    rig.engine.find = () => Promise.reject(away);
    const reply = await rig.send("GET", "/receipts/any");
    assert.equal(reply.status, 503);
    assert.ok(!reply.body.includes("10.0.0.7"), reply.body);
    assert.deepEqual(rig.errors, [away]);
  });
});
