// Whatever callers send and handlers say is shown as text.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { report } from "../support/flow-report.ts";
import { accepted, finalReceipt } from "../wire/support/judge.ts";
import { newFolder, type Server, start } from "../wire/support/server.ts";
import { skip, type Visit, Visitors } from "./support/visit.ts";

/** As long as a word gets that nothing breaks. */
const MARKUP = `<img src="x" onerror="document.title='run'">${"x".repeat(200)}`;

/** As long as the name of an operation gets, and nothing breaks that either. */
const SAY = "say".padEnd(63, "y");

suite("markup from outside is text, and breaks no page,", { skip }, () => {
  const visitors = new Visitors();
  const reports = newFolder();
  const ids: string[] = [];
  let server: Server;
  before(async () => {
    mkdirSync(join(reports, "hostile"));
    writeFileSync(join(reports, "hostile", "report.json"), JSON.stringify(hostileReport));
    server = await start("test/browser/apps/hostile.ts", {
      adminToken: null,
      environment: { REPORTS: reports },
    });
    const caller = server.client.with({
      authorization: `Bearer ${Buffer.from(MARKUP).toString("base64url")}`,
    });
    for (const fails of [true, false]) {
      const { id } = accepted(await caller.call(SAY, { text: MARKUP, fails }));
      await finalReceipt(caller, id);
      ids.push(id);
    }
  });
  after(async () => {
    await visitors.close();
    await server.stop();
  });

  const visit = async (path: string): Promise<Visit> => {
    const there = await visitors.visit(`${server.url}/console/${path}`);
    await there.isReady();
    return there;
  };
  const isText = async (there: Visit): Promise<void> => {
    const { page } = there;
    await there.sees(page.getByText("onerror"));
    assert.equal(await page.locator("img").count(), 0);
    assert.match(await page.title(), /Spillway/);
    await page.setViewportSize({ width: 390, height: 900 });
    await there.fits();
    await there.close();
  };

  test("in the list of jobs", async () => isText(await visit("jobs")));
  test("on the page of one that failed", async () => isText(await visit(`jobs/${ids[0]}`)));
  test("on the page of one that succeeded", async () => isText(await visit(`jobs/${ids[1]}`)));
  test("among the dead letters", async () => isText(await visit("dead-letters")));
  test("an operation's name stays in its cell, however long", async () => {
    const there = await visit("operations");
    const name = await there.sees(there.page.getByRole("rowheader").getByText(SAY));
    const outside = await name.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth);
    assert.ok(outside <= 0, `${outside} px`);
    await there.close();
  });
  test("in the list of reports", async () => isText(await visit("reports")));
  test("in a report", async () => isText(await visit("reports/hostile")));
});

const hostileReport = {
  ...report(),
  ...{ operation: MARKUP, app: MARKUP, basis: [MARKUP], spillway: MARKUP },
  recommendation: { flow: MARKUP, text: MARKUP, restsOn: [MARKUP] },
};
