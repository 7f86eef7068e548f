// The first page: the flows as they run, and what can be turned there.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { SECOND, until } from "../wire/support/wait.ts";
import { Shop } from "./support/shop.ts";
import { skip, Visitors } from "./support/visit.ts";

suite("the flows", { skip }, () => {
  const visitors = new Visitors();
  let shop: Shop;
  before(async () => {
    shop = await Shop.start();
  });
  after(async () => {
    await visitors.close();
    await shop.stop();
  });

  const others = ["place-order-event", "place-order"];

  test("a burst from the page makes the request lane refuse within 10 s, and the others never", async () => {
    const visit = await visitors.visit(shop.page(""));
    const { page } = visit;
    await visit.isReady();
    const lane = (name: string) => page.getByRole("region", { name, exact: true });
    await page.getByRole("button", { name: "Run burst" }).click();
    await visit.sees(lane("place-order-request").getByText("refusing"), 10 * SECOND);
    await visit.sees(page.getByText("orders-db is full"));
    await visit.sees(lane("place-order-event").getByText("growing"));
    for (const name of others) {
      await visit.sees(lane(name).getByText(/[1-9][\d,.]*\/s receipts/));
      assert.equal(await lane(name).getByText("refusing").count(), 0);
    }
    // What is strained looks different.
    await visit.isAccessible();
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 390, height: 900 });
    await visit.isAccessible();
    await visit.fits();
    for (const name of others) {
      await visit.sees(lane(name).getByText("empty", { exact: true }), 60 * SECOND);
      assert.equal(await lane(name).getByText("refusing").count(), 0);
    }
    await visit.close();
    const refused = await shop.refused();
    assert.ok((refused.get("place-order-request") ?? 0) > 0);
    assert.deepEqual(
      others.map((name) => refused.get(name)),
      [0, 0],
    );
  });

  test("capacity, latency and failure rate of the database are turned from the page", async () => {
    const visit = await visitors.visit(shop.page(""));
    const { page } = visit;
    const form = page.getByRole("form", { name: "Database" });
    await form.getByLabel("Capacity").fill("3");
    await form.getByLabel("Latency (ms)").fill("5");
    await form.getByLabel("Fail rate").fill("0.25");
    await form.getByRole("button", { name: "Run database" }).click();
    await until("the database has them", async () => {
      const { capacity, latencyMs, failRate } = await shop.database({});
      return capacity === 3 && latencyMs === 5 && failRate === 0.25;
    });
    await form.getByLabel("Fail rate").fill("2");
    await form.getByRole("button", { name: "Run database" }).click();
    assert.equal((await shop.database({})).failRate, 0.25);
    await visit.close();
  });
});
