// The page of a report as it is mailed: one file, opened from a disk, by whoever.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { pathToFileURL } from "node:url";
import { reportPage } from "../../src/lab/page.ts";
import type { FlowReport } from "../../src/lab/report.ts";
import { report } from "../support/flow-report.ts";
import { type Look, skip, Visitors } from "./support/visit.ts";

const HOSTILE = `</script><img src="x" onerror="document.title='run'"><!--`;

suite("the page of a report", { skip }, () => {
  const visitors = new Visitors();
  const folder = mkdtempSync(join(tmpdir(), "spillway-report-"));
  after(async () => {
    await visitors.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const opened = (page: string, look: Look = {}) => {
    const file = join(folder, "report.html");
    writeFileSync(file, page);
    return visitors.visit(pathToFileURL(file).href, look);
  };
  const mailed = async (shown: FlowReport, look?: Look) => opened(await reportPage(shown), look);

  for (const scheme of ["light", "dark"] as const) {
    for (const width of [1_280, 390]) {
      test(`is accessible and fits, ${scheme} and ${width} px wide`, async () => {
        const visit = await mailed(report(), { scheme, width });
        await visit.sees(visit.page.getByRole("heading", { level: 1, name: "place-order" }));
        await visit.isAccessible();
        await visit.fits();
        await visit.close();
      });
    }
  }

  test("has its charts, and each says in words what it draws", async () => {
    const visit = await mailed(report());
    await visit.sees(visit.page.getByRole("img", { name: /^Done within\. The share of the calls/ }));
    const charts = await visit.page.getByRole("img").count();
    // Two of times, one for each of the four lanes, two of the queue, one resource, one of the probe's numbers, one of costs.
    assert.equal(charts, 2 + 4 + 2 + 1 + 1 + 1);
    await visit.close();
  });

  test("tells the values under the pointer", async () => {
    const visit = await mailed(report());
    const chart = visit.page.locator("figure", { hasText: "Waiting" });
    await chart.locator(".u-over").hover();
    await visit.sees(chart.getByText(/^at \d+ s$/));
    await visit.close();
  });

  test("shows what is hostile as text", async () => {
    const hostile = report({
      operation: HOSTILE,
      app: HOSTILE,
      probe: HOSTILE,
      basis: [HOSTILE],
      recommendation: { flow: null, text: HOSTILE, restsOn: [HOSTILE] },
    });
    const visit = await mailed(hostile);
    await visit.sees(visit.page.getByRole("heading", { level: 1, name: HOSTILE }));
    assert.equal(await visit.page.locator("img").count(), 0);
    assert.equal(await visit.page.title(), `${HOSTILE} · flow report`);
    await visit.close();
  });

  test("says so where a report is none", async () => {
    const visit = await opened((await reportPage(report())).replace('"lanes":', '"lines":'));
    await visit.sees(visit.page.getByRole("alert").getByText("This report cannot be shown"));
    await visit.close();
  });

  test("shows a report that measured next to nothing", async () => {
    const visit = await mailed(report({ lanes: [], resources: [] }));
    await visit.sees(visit.page.getByText("Measured too little to say: the report has no lane for request"));
    await visit.close();
  });
});
