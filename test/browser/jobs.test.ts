// The list of jobs, and what the page of one tells.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { Shop } from "./support/shop.ts";
import { skip, Visitors } from "./support/visit.ts";

suite("jobs", { skip }, () => {
  const visitors = new Visitors();
  let shop: Shop;
  let dead: string;
  let done: string;
  before(async () => {
    shop = await Shop.start();
    done = (await shop.ended({ sku: "lamp", customer: "Ada Lovelace" })).id;
    [dead = ""] = await shop.deadLetters(1);
  });
  after(async () => {
    await visitors.close();
    await shop.stop();
  });

  test("are found by status, operation and error code; the address says so, and the way back is the browser's", async () => {
    const visit = await visitors.visit(shop.page("jobs"));
    const { page } = visit;
    const shown = (id: string) => page.getByTitle(id);
    await visit.sees(shown(done));
    await page.getByLabel("Status").selectOption("failed");
    await shown(done).waitFor({ state: "detached" });
    await visit.sees(shown(dead));
    assert.match(page.url(), /status=failed/);
    await page.getByLabel("Operation").selectOption("send-confirmation");
    await shown(dead).waitFor({ state: "detached" });
    await page.goBack();
    await visit.sees(shown(dead));
    await page.getByLabel("Error code").fill("handler-timeout");
    await page.keyboard.press("Enter");
    await shown(dead).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Clear filters" }).click();
    await visit.sees(shown(done));
    await visit.close();
  });

  test("those that come while it is read wait for a press, so that no row moves away", async () => {
    const visit = await visitors.visit(shop.page("jobs"));
    const { page } = visit;
    await visit.sees(page.getByTitle(done));
    const { id } = await shop.ended({ sku: "lamp" });
    const show = await visit.sees(page.getByRole("button", { name: /^Show \d+ new jobs?$/ }));
    assert.equal(await page.getByTitle(id).count(), 0);
    await show.click();
    await visit.sees(page.getByTitle(id));
    await visit.close();
  });

  test("each tells its input, output, attempts and what it wrote", async () => {
    const visit = await visitors.visit(shop.page(`jobs/${done}`));
    const { page } = visit;
    await visit.isReady();
    const text = (label: string) => page.getByRole("region", { name: label, exact: true }).innerText();
    assert.match(await text("Input"), /"customer": "Ada Lovelace"/);
    assert.match(await text("Output"), /"sku": "lamp"/);
    const told = await page.getByRole("main").innerText();
    for (const part of ["orders", "send-confirmation"]) assert.ok(told.includes(part), part);
    await visit.close();
  });

  test("one whose handler does not stop says that a cancel was asked for, and offers no second one", async () => {
    const { latencyMs } = await shop.database({});
    await shop.database({ latencyMs: 20_000 });
    const id = await shop.accepted({ sku: "lamp" });
    const visit = await visitors.visit(shop.page(`jobs/${id}`));
    const { page } = visit;
    const cancel = page.getByRole("button", { name: "Cancel job …" });
    await visit.sees(page.getByText("Attempt 1 of 5 is running."));
    await cancel.click();
    await page.getByRole("button", { name: "Cancel the job" }).click();
    await visit.sees(page.getByText("cancel asked for", { exact: true }));
    await cancel.waitFor({ state: "detached" });
    await visit.isAccessible();
    await page.goto(shop.page("jobs"));
    const row = page.getByRole("row").filter({ has: page.getByTitle(id) });
    await visit.sees(row.getByText("cancel asked for"));
    await shop.database({ latencyMs });
    await visit.close();
  });

  test("one that failed tells every attempt with its error", async () => {
    const visit = await visitors.visit(shop.page(`jobs/${dead}`));
    const { page } = visit;
    await visit.isReady();
    const attempts = page.getByRole("row").filter({ hasText: "The orders database failed." });
    assert.equal(await attempts.count(), 5);
    await visit.close();
  });
});
