// The server goes away under an open console, and comes back.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { Shop } from "./support/shop.ts";
import { SERVER_GONE, skip, Visitors } from "./support/visit.ts";

suite("an open console", { skip }, () => {
  const visitors = new Visitors();
  let shop: Shop;
  before(async () => {
    shop = await Shop.start();
  });
  after(async () => {
    await visitors.close();
    await shop.stop();
  });

  test("says that it is reconnecting while the server is gone, and goes on when it is back", async () => {
    const visit = await visitors.visit(shop.page("jobs"));
    await visit.isLive();
    await shop.kill();
    const status = visit.page.getByRole("status");
    await visit.sees(status.filter({ hasText: "Reconnecting" }));
    await shop.again();
    await visit.isLive();
    const { id } = await shop.ended({ sku: "lamp" });
    await visit.sees(visit.page.getByTitle(id));
    assert.equal(await status.filter({ hasText: "Reconnecting" }).count(), 0);
    await visit.close(SERVER_GONE);
  });

  test("draws what goes on after a restart, not the difference to what was before it", async () => {
    const visit = await visitors.visit(shop.page(""));
    const { page } = visit;
    const lane = page.getByRole("region", { name: "place-order-event", exact: true });
    await shop.burst({ flow: "event", calls: 400, perSecond: 400 });
    await visit.sees(lane.getByText(/[1-9][\d,.]*\/s receipts/));
    await shop.kill();
    await visit.sees(page.getByRole("status").filter({ hasText: "Reconnecting" }));
    await shop.again();
    await visit.isLive();
    await shop.burst({ flow: "event", calls: 400, perSecond: 400 });
    await visit.sees(lane.getByText(/[1-9][\d,.]*\/s receipts/));
    assert.doesNotMatch(await page.getByRole("main").innerText(), /NaN|Infinity|undefined|[-−]\d/);
    await visit.close(SERVER_GONE);
  });
});
