// The nodes: which processes serve the store, what runs in them, and how many workers are wanted.
import { after, before, suite, test } from "node:test";
import { Shop } from "./support/shop.ts";
import { skip, Visitors } from "./support/visit.ts";

suite("nodes", { skip }, () => {
  const visitors = new Visitors();
  let shop: Shop;
  before(async () => {
    shop = await Shop.start();
  });
  after(async () => {
    await visitors.close();
    await shop.stop();
  });

  test("the one that answers is shown, and how many workers its queues want", async () => {
    const visit = await visitors.visit(shop.page("nodes"));
    const { page } = visit;
    await visit.isReady();
    const nodes = page.getByRole("table").first();
    await visit.sees(nodes.getByRole("rowheader", { name: "answers this page" }));
    await visit.sees(nodes.getByRole("cell", { name: "nothing" }));
    await shop.set("operations/place-order-event", { paused: true });
    await shop.accepted({ sku: "lamp" });
    const wanted = page.getByRole("row", { name: "place-order-event" });
    await visit.sees(wanted.getByRole("cell", { name: "1", exact: true }).first());
    await visit.close();
  });
});
