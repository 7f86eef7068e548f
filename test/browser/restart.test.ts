// The server goes away under an open console, and comes back.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { Shop } from "./support/shop.ts";
import { skip, Visitors } from "./support/visit.ts";

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
    await visit.close(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET/);
  });
});
