// docs/wire.md §7: figures and settings, as an operator sees and changes them.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { type Entry, Operator, type Page } from "./support/admin.ts";
import { openEvents } from "./support/events.ts";
import { accepted, answered, finalReceipt, receiptOf, refused } from "./support/judge.ts";
import { fresh, Lab } from "./support/lab.ts";
import { SECOND, times, until } from "./support/wait.ts";

const lab = await Lab.start();
const { client } = lab;
const operator = new Operator(lab.server);
after(() => lab.stop());

suite("§7 figures", () => {
  test("§7 an operation's entry has its members, and lists go by name", async () => {
    const { items } = await operator.list<Entry>("operations");
    const names = items.map(({ name }) => name);
    assert.deepEqual(names, names.toSorted());
    const members = [
      ...[
        "name",
        "flow",
        "access",
        "paused",
        "concurrency",
        "declared",
        "resources",
        "limit",
        "inUse",
        "peak",
      ],
      ...["queued", "waiting", "running", "failed", "oldestAgeMs", "abandoned", "rates", "totals"],
    ];
    for (const entry of items) assert.deepEqual(Object.keys(entry).toSorted(), members.toSorted());
    const wide = await operator.entry("operations", "wide-spill");
    assert.deepEqual([wide["flow"], wide["access"], wide["limit"]], ["spill", "public", 200]);
  });

  test("§7 a resource's entry has its members", async () => {
    const one = await operator.entry("resources", "one");
    const members = [
      ...[
        "name",
        "paused",
        "concurrency",
        "declared",
        "inUse",
        "peak",
        "queued",
        "waiting",
        "running",
        "failed",
      ],
      ...["oldestAgeMs", "rates", "totals", "operations", "ratePerSecond"],
    ];
    assert.deepEqual(Object.keys(one).toSorted(), members.toSorted());
    assert.equal(one["concurrency"], 1);
    assert.equal((await operator.entry("resources", "drip"))["ratePerSecond"], 2);
  });

  test("§7 an entry counts what is in use and what waits", async () => {
    await using _ = await lab.occupy("pair", 2);
    const ids = await Promise.all(
      times(3).map(async () => accepted(await lab.act("pair-event", fresh(), ["ok"])).id),
    );
    const entry = await until("three wait", async () => {
      const found = await operator.entry("operations", "pair-event");
      return found["queued"] === 3 && found;
    });
    assert.equal(entry["waiting"], 3);
    assert.ok(Number(entry["oldestAgeMs"]) >= 0);
    assert.equal((await operator.entry("resources", "two"))["inUse"], 2);
    for (const id of ids) await client.cancel(id);
  });

  test("§7 an operation that has run nothing has a peak of 0", async () => {
    assert.equal((await operator.entry("operations", "keyed-event"))["peak"], 0);
  });

  test("§7 live sends the figures at once and then once a second", async () => {
    const stream = await openEvents(lab.server.admin, "/admin/live");
    assert.match(stream.headers["content-type"] ?? "", /^text\/event-stream\b/);
    await until("three figures", () => stream.events.length >= 3, 6 * SECOND);
    for (const { event, data } of stream.events) {
      assert.equal(event, "figures");
      assert.deepEqual(Object.keys(JSON.parse(data)).toSorted(), [
        "at",
        "node",
        "operations",
        "resources",
        "startedAt",
      ]);
    }
    stream.close();
  });
});

suite("§7 settings", () => {
  test("§1, §7 a paused operation queues (event, spill) or answers 503 paused (request), and goes on later", async () => {
    for (const flow of ["request", "event", "spill"]) {
      const entry = answered<Entry>(await operator.patch(`operations/wide-${flow}`, { paused: true }));
      assert.deepEqual([entry.name, entry["paused"]], [`wide-${flow}`, true]);
    }
    refused(await lab.act("wide-request", fresh(), ["ok"]), 503, "paused");
    const receipts = [
      accepted(await lab.act("wide-event", fresh(), ["ok"])),
      accepted(await lab.act("wide-spill", fresh(), ["ok"])),
    ];
    for (const { id } of receipts) assert.equal((await receiptOf(client, id)).status, "queued");
    for (const flow of ["request", "event", "spill"]) {
      answered(await operator.patch(`operations/wide-${flow}`, { paused: false }));
    }
    for (const { id } of receipts) assert.equal((await finalReceipt(client, id)).status, "succeeded");
    answered(await lab.act("wide-request", fresh(), ["ok"]));
  });

  test("§7 a paused resource pauses every operation that names it, and no other", async () => {
    answered(await operator.patch("resources/two", { paused: true }));
    refused(await lab.act("pair-request", fresh(), ["ok"]), 503, "paused");
    refused(await lab.act("mixed-request", fresh(), ["ok"]), 503, "paused");
    answered(await lab.act("one-event", fresh(), ["ok"], { prefer: "wait=10" }));
    answered(await operator.patch("resources/two", { paused: false }));
    answered(await lab.act("pair-event", fresh(), ["ok"], { prefer: "wait=10" }));
  });

  test("§7 a concurrency is in force at once, upwards and downwards, and null is the declared one", async () => {
    answered(await operator.patch("resources/two", { concurrency: 4 }));
    const busy = await lab.occupy("pair", 4);
    refused(await lab.act("pair-request", fresh(), ["ok"]), 503, "saturated");
    answered(await operator.patch("resources/two", { concurrency: 1 }));
    await busy.release();
    const alone = await lab.occupy("pair");
    refused(await lab.act("pair-request", fresh(), ["ok"]), 503, "saturated");
    await alone.release();
    const back = answered<Entry>(await operator.patch("resources/two", { concurrency: null }));
    assert.equal(back["concurrency"], 2);
    const own = answered<Entry>(await operator.patch("operations/pair-request", { concurrency: 1 }));
    assert.deepEqual([own["concurrency"], own["limit"]], [1, 1]);
    assert.equal(
      answered<Entry>(await operator.patch("operations/pair-request", { concurrency: null }))["concurrency"],
      null,
    );
  });

  test("§7 settings outlive a restart", async () => {
    const before = await Lab.start();
    const { admin } = before.server;
    await admin.send("/admin/operations/wide-request", { method: "PATCH", body: { paused: true } });
    await admin.send("/admin/resources/one", { method: "PATCH", body: { concurrency: 7 } });
    before.server.signal("SIGKILL");
    await before.server.exited;
    const again = await Lab.start("lab", { folder: before.server.folder });
    try {
      refused(await again.act("wide-request", fresh(), ["ok"]), 503, "paused");
      const { items } = answered<Page<Entry>>(await again.server.admin.get("/admin/resources"));
      assert.equal(items.find(({ name }) => name === "one")?.["concurrency"], 7);
    } finally {
      await again.stop();
      await before.stop();
    }
  });

  test("§7 odd settings are 422, and unknown names 404", async () => {
    for (const body of [
      {},
      { paused: "yes" },
      { concurrency: 0 },
      { concurrency: 1.5 },
      { concurrency: 100_001 },
      { limit: 1 },
      [],
    ]) {
      refused(await operator.patch("operations/wide-event", body), 422, "invalid-input");
    }
    refused(await operator.patch("operations/nothing", { paused: true }), 404, "unknown-operation");
    refused(await operator.patch("resources/nothing", { paused: true }), 404, "not-found");
  });
});

test("§7 health tells whether the server lives and is ready", async () => {
  for (const path of ["/health/live", "/health/ready"]) answered(await client.get(path));
});
