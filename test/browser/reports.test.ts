// A flow report, opened in the console.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { report } from "../support/flow-report.ts";
import { newFolder, type Server, start } from "../wire/support/server.ts";
import { type Look, skip, Visitors } from "./support/visit.ts";

suite("a flow report", { skip }, () => {
  const visitors = new Visitors();
  const reports = newFolder();
  let server: Server;
  before(async () => {
    mkdirSync(join(reports, "monday"));
    writeFileSync(join(reports, "monday", "report.json"), JSON.stringify(report()));
    server = await start("test/browser/apps/hostile.ts", {
      adminToken: null,
      environment: { REPORTS: reports },
    });
  });
  after(async () => {
    await visitors.close();
    await server.stop();
    rmSync(reports, { recursive: true });
  });

  test("is in the list, and opens in place", async () => {
    const visit = await visitors.visit(`${server.url}/console/reports`);
    const { page } = visit;
    await page.getByRole("link", { name: "place-order" }).click();
    await visit.sees(page.getByText(/^Serve place-order as a spill, as it is declared\./));
    await visit.close();
  });

  const looks: readonly Required<Look>[] = [
    { scheme: "light", width: 1_280 },
    { scheme: "dark", width: 1_280 },
    { scheme: "light", width: 390 },
  ];
  for (const look of looks) {
    test(`can be read by everybody, ${look.scheme}, ${look.width} px`, async () => {
      const visit = await visitors.visit(`${server.url}/console/reports/monday`, look);
      await visit.isReady();
      await visit.isAccessible();
      await visit.fits();
      await visit.close();
    });
  }
});
