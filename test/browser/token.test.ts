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

  test("is left by signing out, on whichever page, and shows nothing afterwards", async () => {
    const visit = await visitors.visit(shop.page("jobs"));
    const { page } = visit;
    await page.getByLabel("Admin token").fill(TOKEN);
    await page.keyboard.press("Enter");
    const leave = await visit.sees(page.getByRole("button", { name: "Sign out" }));
    await visit.isAccessible();
    await page.reload();
    await visit.sees(leave);
    await leave.click();
    await visit.sees(page.getByLabel("Admin token"));
    await page.reload();
    await visit.sees(page.getByLabel("Admin token"));
    assert.equal(await leave.count(), 0);
    await visit.close(/status of 401/);
  });

  test("goes on knowing whoever signs in at another server of the same host", async () => {
    const other = await Shop.start(`${TOKEN}-of-the-other`);
    const visit = await visitors.visit(shop.page("jobs"));
    const { page } = visit;
    const enters = async (token: string) => {
      await page.getByLabel("Admin token").fill(token);
      await page.keyboard.press("Enter");
      await visit.isLive();
    };
    try {
      await enters(TOKEN);
      await page.goto(other.page("jobs"));
      await enters(`${TOKEN}-of-the-other`);
      await page.goto(shop.page("jobs"));
      await visit.isLive();
      await visit.close(/status of 401/);
    } finally {
      await other.stop();
    }
  });

  test("shows nothing to somebody without it", async () => {
    const visit = await visitors.visit(shop.page("dead-letters"));
    await visit.sees(visit.page.getByLabel("Admin token"));
    await visit.close(/status of 401/);
  });
});
