// Whoever cannot see well, has a narrow window or no mouse can work with every page.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { tabStops } from "./support/keyboard.ts";
import { pages } from "./support/pages.ts";
import { Shop } from "./support/shop.ts";
import { skip, Visitors } from "./support/visit.ts";

suite("each page of the console", { skip }, () => {
  const visitors = new Visitors();
  let shop: Shop;
  let job: string;
  before(async () => {
    shop = await Shop.start();
    [job = ""] = await shop.deadLetters(2);
    for (const sku of ["lamp", "chair"]) await shop.ended({ sku, customer: "Ada Lovelace" });
    await shop.set("operations/send-confirmation", { paused: true });
    await shop.ended({ sku: "table" });
  });
  after(async () => {
    await visitors.close();
    await shop.stop();
  });

  for (const name of Object.keys(pages(""))) {
    const path = () => shop.page(pages(job)[name] ?? "");

    for (const scheme of ["light", "dark"] as const) {
      test(`${name}, ${scheme}: breaks no rule of WCAG 2.2 AA that a program can check`, async () => {
        const visit = await visitors.visit(path(), { scheme });
        await visit.isReady();
        await visit.isAccessible();
        await visit.close();
      });
    }

    test(`${name} at 390 px: nothing stands out of the window`, async () => {
      const visit = await visitors.visit(path(), { width: 390 });
      await visit.isReady();
      await visit.fits();
      await visit.isAccessible();
      await visit.close();
    });

    test(`${name}: the Tab key reaches every control, and shows where it is`, async () => {
      const visit = await visitors.visit(path());
      await visit.isReady();
      const { missed, unseen } = await tabStops(visit.page);
      assert.deepEqual({ missed, unseen }, { missed: [], unseen: [] });
      await visit.close();
    });
  }
});
