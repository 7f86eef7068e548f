// What failed for good: found, tried again, or thrown away.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { Locator } from "../../tools/browser/chromium.ts";
import { Shop } from "./support/shop.ts";
import { skip, type Visit, Visitors } from "./support/visit.ts";

const GROUP = "place-order-event, handler-failed";

suite("dead letters", { skip }, () => {
  const visitors = new Visitors();
  let shop: Shop;
  before(async () => {
    shop = await Shop.start();
  });
  after(async () => {
    await visitors.close();
    await shop.stop();
  });

  const open = async (path: string): Promise<Visit> => {
    const visit = await visitors.visit(shop.page(path));
    await visit.isReady();
    return visit;
  };
  const dialog = ({ page }: Visit, name: string): Locator => page.getByRole("dialog", { name });

  test("a poison order is found, redriven from its page, and seen to succeed once the fault is gone", async () => {
    await shop.database({ failRate: 1 });
    const { id } = await shop.ended({ sku: "lamp", customer: "Ada Lovelace" });
    const visit = await open("dead-letters");
    const { page } = visit;
    await page.getByRole("link", { name: `Show the jobs of ${GROUP}` }).click();
    await page.getByTitle(id).click();
    const title = page.getByRole("heading", { level: 1, name: "place-order-event" });
    await visit.sees(title.getByText("failed"));
    assert.match(await page.getByRole("main").innerText(), /Ada Lovelace/);
    await shop.database({ failRate: 0 });
    await page.getByRole("button", { name: "Redrive" }).click();
    await visit.sees(title.getByText("succeeded"));
    await visit.close();
  });

  test("a group is redriven at a rate", async () => {
    await shop.database({ failRate: 1 });
    await Promise.all(["lamp", "chair"].map((sku) => shop.ended({ sku })));
    await shop.database({ failRate: 0 });
    const visit = await open("dead-letters");
    const { page } = visit;
    await page.getByRole("button", { name: `Redrive ${GROUP}` }).click();
    await page.getByRole("radio", { name: "At a rate" }).check();
    await page.getByRole("button", { name: "Redrive 2 jobs" }).click();
    await visit.sees(page.getByRole("status").filter({ hasText: "2 jobs of place-order-event redriven" }));
    await visit.sees(page.getByText("No job has failed for good"));
    await visit.close();
  });

  test("purging a group names how many it takes, and waits for them to be confirmed", async () => {
    await shop.deadLetters(2);
    const visit = await open("dead-letters");
    const { page } = visit;
    await page.getByRole("button", { name: `Purge ${GROUP}` }).click();
    const asked = await visit.sees(dialog(visit, "Purge 2 jobs of place-order-event?"));
    const confirm = asked.getByRole("button", { name: "Purge 2 jobs" });
    assert.ok(await confirm.isDisabled());
    await asked.getByRole("textbox").fill("3");
    assert.ok(await confirm.isDisabled());
    await asked.getByRole("textbox").fill("2");
    await visit.isAccessible();
    await confirm.click();
    await visit.sees(page.getByText("No job has failed for good"));
    await page.getByRole("link", { name: "Audit" }).click();
    await visit.sees(page.getByRole("row").filter({ hasText: /purge/i }));
    await visit.close();
  });

  test("a dialog keeps the focus, closes on Escape, and gives the focus back", async () => {
    await shop.deadLetters(1);
    const visit = await open("dead-letters");
    const { page } = visit;
    const opener = page.getByRole("button", { name: `Redrive ${GROUP}` });
    await opener.focus();
    await page.keyboard.press("Enter");
    const asked = await visit.sees(page.getByRole("dialog"));
    for (let press = 0; press < 12; press++) {
      await page.keyboard.press("Tab");
      const outside = await page.evaluate(() => {
        const { activeElement, body } = document;
        return activeElement !== body && !activeElement?.closest("dialog") && activeElement?.outerHTML;
      });
      assert.equal(outside, false);
    }
    await page.keyboard.press("Escape");
    await asked.waitFor({ state: "detached" });
    assert.ok(await opener.evaluate((element) => element === document.activeElement));
    await visit.close();
  });
});
