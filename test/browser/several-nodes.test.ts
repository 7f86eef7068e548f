// Several nodes on one PostgreSQL: each one's console says whose figures it shows, and what all do together.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { missingPostgres } from "../postgres/support/installation.ts";
import type { SiteNode } from "../postgres/support/site.ts";
import { pageOf, Shops } from "./support/shops.ts";
import { skip, Visitors } from "./support/visit.ts";

const SOME = /^[1-9][\d,.]*\/s$|^0\.[1-9]\/s$/;

suite("several nodes", { skip: skip || missingPostgres() }, () => {
  const visitors = new Visitors();
  let shops: Shops;
  let gateway: SiteNode;
  let worker: SiteNode;
  before(async () => {
    shops = await Shops.start(["gateway", "gateway", "worker", "worker"]);
    [gateway, worker] = [shops.one("gateway"), shops.one("worker")];
  });
  after(async () => {
    await visitors.close();
    await shops.stop();
  });

  test("are told apart by role and process, and summed, as all of them are under load", async () => {
    const visit = await visitors.visit(pageOf(gateway, "nodes"));
    const { page } = visit;
    await shops.underLoad(async () => {
      for (const { role, pid } of shops.nodes)
        await visit.sees(page.getByRole("rowheader", { name: `${role} ${pid}` }));
      const together = page.getByRole("row", { name: "4 together" });
      await visit.sees(together.getByText(SOME));
      const sums = page.getByRole("region", { name: "All nodes together" });
      const event = sums.getByRole("row", { name: "place-order-event" });
      await visit.sees(event.getByText(new RegExp(`worker ${worker.pid}: `)));
      await visit.sees(sums.getByRole("row", { name: "orders-db" }).getByText("10", { exact: true }));
    });
    await visit.isAccessible();
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 390, height: 900 });
    await visit.isAccessible();
    await visit.fits();
    await visit.close();
  });

  test("sum what all gateways refused of an operation that is paused", async () => {
    const visit = await visitors.visit(pageOf(worker, "nodes"));
    const { page } = visit;
    await shops.set("operations/place-order-request", { paused: true });
    await shops.underLoad(async () => {
      const sums = page.getByRole("region", { name: "All nodes together" });
      const refused = sums.getByRole("row", { name: "place-order-request" }).getByRole("cell").nth(1);
      await visit.sees(refused.filter({ hasText: SOME }));
      for (const { role, pid } of shops.nodes.filter((node) => node.role === "gateway")) {
        const row = page.getByRole("row", { name: `${role} ${pid}` });
        await visit.sees(row.locator("[data-label=Refused]").filter({ hasText: SOME }));
      }
    });
    await shops.set("operations/place-order-request", { paused: false });
    await visit.close();
  });

  test("say on each page whose rates and slots it shows", async () => {
    for (const node of [gateway, worker]) {
      for (const path of ["", "operations"]) {
        const visit = await visitors.visit(pageOf(node, path));
        await visit.sees(visit.page.getByText(`${node.role} ${node.pid}`));
        await visit.sees(visit.page.getByRole("link", { name: "all 4 nodes together" }));
        await visit.isAccessible();
        await visit.close();
      }
    }
  });

  test("offer only what can be called there: no burst without an address, and nothing at a worker", async () => {
    const atGateway = await visitors.visit(pageOf(gateway, ""));
    await atGateway.sees(atGateway.page.getByRole("button", { name: "Run database" }));
    await atGateway.page.getByText("Loading burst").waitFor({ state: "detached" });
    assert.equal(await atGateway.page.getByRole("button", { name: "Run burst" }).count(), 0);
    await atGateway.close();
    const atWorker = await visitors.visit(pageOf(worker, ""));
    await atWorker.sees(atWorker.page.getByText("This worker takes no calls"));
    await atWorker.sees(atWorker.page.getByText("takes no calls", { exact: true }));
    assert.equal(await atWorker.page.getByRole("button", { name: /^Run / }).count(), 0);
    await atWorker.close();
  });

  test("that were killed are lost, and what they said last is summed no more", async () => {
    const killed = shops.nodes.at(-1);
    assert.ok(killed);
    const visit = await visitors.visit(pageOf(gateway, "nodes"));
    const { page } = visit;
    await visit.sees(page.getByRole("row", { name: "4 together" }));
    await killed.end("SIGKILL");
    await visit.sees(page.getByRole("rowheader", { name: `worker ${killed.pid} lost` }));
    await visit.sees(page.getByRole("row", { name: "3 together" }));
    await visit.isAccessible();
    await visit.close();
  });

  test("whose database is away say so, also to whoever comes only then, and go on when it is back", async () => {
    const early = await visitors.visit(pageOf(gateway, ""));
    await early.isLive();
    await shops.database.shutDown();
    await early.sees(early.page.getByRole("status").filter({ hasText: "Store away" }));
    await early.sees(early.page.getByText(/^As of .* The store /));
    const late = await visitors.visit(pageOf(gateway, "operations"));
    await late.sees(late.page.getByRole("main").getByText(/^The store /));
    await late.isAccessible();
    await shops.database.restart();
    await early.isLive();
    await late.isLive();
    await late.sees(late.page.getByRole("rowheader", { name: "place-order-event" }));
    await early.close(/./);
    await late.close(/./);
  });
});
