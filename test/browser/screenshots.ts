/**
 * `npm run screenshots -- FOLDER [PAGE …]`: the console's pages, or those named, as PNGs over an orders server that has
 * seen something.
 */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pages } from "./support/pages.ts";
import { Shop } from "./support/shop.ts";
import { type Look, Visitors } from "./support/visit.ts";

const [folder, ...only] = process.argv.slice(2);
if (folder === undefined) {
  console.error("Say where to: npm run screenshots -- FOLDER [PAGE …]");
  process.exit(2);
}
mkdirSync(folder, { recursive: true });

const looks: readonly Required<Look>[] = [
  { scheme: "light", width: 1_280 },
  { scheme: "dark", width: 1_280 },
  { scheme: "light", width: 390 },
  { scheme: "dark", width: 390 },
];

const shop = await Shop.start();
const visitors = new Visitors();
try {
  const [dead = ""] = await shop.deadLetters(3);
  await shop.ended({ sku: "lamp", quantity: 2, customer: "Ada Lovelace" });
  await shop.set("operations/send-confirmation", { paused: true });
  await shop.set("resources/orders-db", { concurrency: 8 });
  await shop.ended({ sku: "chair", customer: "Charles Babbage" });
  const asked = Object.entries(pages(dead)).filter(([name]) => only.length === 0 || only.includes(name));
  for (const look of looks) {
    for (const [name, path] of asked) {
      // The flows are to be seen at work, for as long as their picture looks back.
      const isMoving = name === "flows";
      if (isMoving) await shop.burst({ calls: 10_000, perSecond: 800 });
      const visit = await visitors.visit(shop.page(path), look);
      await sleep(isMoving ? 6_000 : 1_000);
      const file = join(folder, `${name}-${look.scheme}-${look.width}.png`);
      await visit.page.screenshot({ path: file, fullPage: true });
      console.log(resolve(file));
      await visit.close().catch((error: Error) => console.error(`${name}: ${error.message}`));
      if (isMoving) {
        await shop.burst({ stop: true });
        await shop.drained();
      }
    }
  }
} finally {
  await visitors.close();
  await shop.stop();
}
