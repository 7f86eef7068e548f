// The console of a server that wants its admin token.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { Shop } from "./support/shop.ts";
import { skip, Visitors } from "./support/visit.ts";

const TOKEN = "browser-suite-admin-token-0123456789";

suite("a console that asks for the admin token", { skip }, () => {
  const visitors = new Visitors();
  let shop: Shop;
  before(async () => {
    shop = await Shop.start(TOKEN);
  });
  after(async () => {
    await visitors.close();
    await shop.stop();
  });

  test("says that another one is wrong, takes the right one, and knows it after a reload", async () => {
    const visit = await visitors.visit(shop.page("jobs"));
    const { page } = visit;
    const field = page.getByLabel("Admin token");
    await visit.sees(field);
    await visit.isAccessible();
    await field.fill("not-the-token");
    await page.keyboard.press("Enter");
    await visit.sees(page.getByRole("alert"));
    await field.fill(TOKEN);
    await page.getByRole("button", { name: "Enter" }).click();
    await visit.sees(page.getByRole("heading", { level: 1, name: "Jobs" }));
    await visit.isLive();
    await page.reload();
    await visit.sees(page.getByRole("heading", { level: 1, name: "Jobs" }));
    const kept = await page.evaluate(() => [
      document.cookie,
      JSON.stringify({ ...localStorage, ...sessionStorage }),
    ]);
    assert.deepEqual(kept, ["", "{}"], "no script can read it");
    await visit.close(/status of 401/);
  });

  test("shows nothing to somebody without it", async () => {
    const visit = await visitors.visit(shop.page("dead-letters"));
    await visit.sees(visit.page.getByLabel("Admin token"));
    await visit.close(/status of 401/);
  });
});
