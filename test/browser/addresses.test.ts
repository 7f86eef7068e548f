// Whatever stands in the address bar, and however long the server takes: each page says what it is and where it is at.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { eachOf, times, until } from "../wire/support/wait.ts";
import { Shop } from "./support/shop.ts";
import { skip, type Visit, Visitors } from "./support/visit.ts";

const HOUR_MS = 3_600_000;

suite("an address of the console", { skip }, () => {
  const visitors = new Visitors();
  let shop: Shop;
  let job: string;
  before(async () => {
    shop = await Shop.start();
    job = (await shop.ended({ sku: "lamp" })).id;
  });
  after(async () => {
    await visitors.close();
    await shop.stop();
  });

  const title = ({ page }: Visit, name: string) => page.getByRole("heading", { level: 1, name });

  for (const [path, says] of [
    ["nowhere", "There is no such page"],
    ["jobs/%zz", "There is no such page"],
    ["jobs/none", "There is no such job"],
    ["reports/none", "There is no such report"],
  ] as const) {
    test(`that leads to nothing says so: ${path}`, async () => {
      const visit = await visitors.visit(shop.page(path));
      await visit.sees(title(visit, says));
      await visit.isAccessible();
      await visit.close(/404/);
    });
  }

  test("with a cursor that no longer counts leads on to the newest jobs", async () => {
    const visit = await visitors.visit(shop.page("jobs?cursor=worn-out"));
    await visit.sees(visit.page.getByRole("alert"));
    await visit.page.getByRole("button", { name: "Newest" }).click();
    await visit.sees(visit.page.getByTitle(job));
    await visit.close(/422/);
  });

  test("has a heading and says that it is loading for as long as the server takes", async () => {
    const visit = await visitors.visit(shop.page("nowhere"));
    const { page } = visit;
    const asked = Promise.withResolvers<void>();
    const answers = Promise.withResolvers<void>();
    await page.route(`**/admin/jobs/${job}`, async (route) => {
      asked.resolve();
      await answers.promise;
      await route.continue();
    });
    await page.goto(shop.page(`jobs/${job}`));
    await asked.promise;
    await visit.sees(title(visit, "Job"));
    await visit.sees(page.getByRole("status").filter({ hasText: "Loading" }));
    await visit.isAccessible();
    answers.resolve();
    await visit.sees(title(visit, "place-order-event"));
    await visit.close();
  });

  test("for the last minutes means the server's, whatever the browser's clock says", async () => {
    const visit = await visitors.visit(shop.page("nowhere"));
    await visit.page.clock.install({ time: Date.now() + HOUR_MS });
    await visit.page.goto(shop.page("jobs?time=15m"));
    await visit.sees(visit.page.getByTitle(job));
    await visit.close();
  });

  test("that is come back to is where it was left, also far down a list", async () => {
    await eachOf(times(60), 10, () => shop.accepted({ sku: "lamp" }));
    // Of these alone: what they send comes while the list is left, and would push its last line off the page.
    const visit = await visitors.visit(shop.page("jobs?operation=place-order-event"));
    const { page } = visit;
    const last = page.getByRole("main").getByRole("row").last().getByRole("link");
    await visit.sees(page.getByRole("row").nth(50));
    const id = (await last.getAttribute("title")) ?? "";
    await last.click();
    await visit.sees(title(visit, "place-order-event"));
    await page.goBack();
    await visit.sees(page.getByTitle(id));
    await until("it is in sight", () =>
      page.getByTitle(id).evaluate((link) => {
        const { top, bottom } = link.getBoundingClientRect();
        return top >= 0 && bottom <= innerHeight;
      }),
    );
    await visit.close();
  });

  test("stays while its content is skipped to, past the bar with the pages", async () => {
    const visit = await visitors.visit(shop.page(`jobs/${job}`));
    const { page } = visit;
    await visit.isReady();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    const main = page.getByRole("main");
    assert.ok(await main.evaluate((element) => element === document.activeElement));
    await page.keyboard.press("Tab");
    assert.ok(await main.evaluate((element) => element.contains(document.activeElement)));
    await visit.sees(title(visit, "place-order-event"));
    await visit.close();
  });
});
