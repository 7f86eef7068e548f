// The settings: what is paused and how much may run at once, in force when it is pressed.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { until } from "../wire/support/wait.ts";
import { Shop } from "./support/shop.ts";
import { SERVER_GONE, skip, Visitors } from "./support/visit.ts";

suite("operations", { skip }, () => {
  const visitors = new Visitors();
  let shop: Shop;
  before(async () => {
    shop = await Shop.start();
  });
  after(async () => {
    await visitors.close();
    await shop.stop();
  });

  test("one is paused and resumed, and its job cancelled meanwhile", async () => {
    const visit = await visitors.visit(shop.page("operations"));
    const { page } = visit;
    await visit.isReady();
    await page.getByRole("button", { name: "Pause place-order-event" }).click();
    await visit.sees(page.getByRole("button", { name: "Resume place-order-event" }));
    const id = await shop.accepted({ sku: "lamp" });
    await page.goto(shop.page(`jobs/${id}`));
    await page.getByRole("button", { name: "Cancel job" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel the job" }).click();
    const title = page.getByRole("heading", { level: 1, name: "place-order-event" });
    await visit.sees(title.getByText("cancelled"));
    await page.goto(shop.page("operations"));
    await page.getByRole("button", { name: "Resume place-order-event" }).click();
    assert.equal((await shop.ended({ sku: "lamp" })).status, "succeeded");
    await page.getByRole("link", { name: "Audit", exact: true }).click();
    for (const deed of [/^paused/i, /^resumed/i, /^cancelled/i]) await visit.sees(page.getByText(deed));
    await visit.close();
  });

  test("concurrency is changed at once, kept over a restart, and taken back", async () => {
    const visit = await visitors.visit(shop.page("operations"));
    const { page } = visit;
    await page.getByRole("button", { name: "Change the concurrency of orders-db" }).click();
    const input = await visit.sees(page.getByRole("spinbutton", { name: "Concurrency of orders-db" }));
    await until("it has the focus", () => input.evaluate((element) => element === document.activeElement));
    await page.keyboard.type("2");
    await page.keyboard.press("Enter");
    await visit.sees(page.getByText("(declared 10)"));
    assert.equal(await shop.concurrency("orders-db"), 2);
    await shop.kill();
    await shop.again();
    assert.equal(await shop.concurrency("orders-db"), 2);
    await visit.isLive();
    await page.getByRole("button", { name: "Change the concurrency of orders-db" }).click();
    await page.getByRole("button", { name: "Back to 10" }).click();
    await visit.sees(page.getByRole("status").filter({ hasText: "The concurrency of orders-db is 10" }));
    assert.equal(await shop.concurrency("orders-db"), 10);
    await visit.close(SERVER_GONE);
  });
});
