/** Serves the orders example, and says what to try. */
import { SpillwayError } from "spillway";
import { serve } from "spillway/node";

try {
  // Not at the top: what the environment sets wrongly is refused while it is imported.
  const { app, bursts } = await import("./app.ts");
  // Where spillway lab leaves them, for the console to show.
  const { url } = await serve(app, { reports: "./flow-reports" });
  bursts.servedAt(url);
  // What is to drain gets no more calls of its own.
  process.once("SIGTERM", () => bursts.stop()).once("SIGINT", () => bursts.stop());
  console.log(suggestions(url));
} catch (error) {
  if (!(error instanceof SpillwayError && error.code === "configuration")) throw error;
  console.error(`orders: ${error.message}`);
  process.exit(1);
}

function suggestions(url: string): string {
  const call = (path: string, headers = "") =>
    `  curl -s${headers} -H 'content-type: application/json' -d '{"sku":"lamp","quantity":1}' ${url}${path}`;
  // The commands ask at the usual place unless they are told another.
  const there = url === "http://127.0.0.1:3000" ? "" : ` --url ${url}`;
  const watch = `npm run watch -- <receipt>${there}`;
  const burst = `npm run burst${there && ` --${there}`}`;
  const width = Math.max(watch.length, burst.length);
  return `
Try it:
${call("/orders")}
${call("/operations/place-order-event", "i")}
${call("/orders", "i -H 'prefer: respond-async'")}
  ${watch.padEnd(width)}   follows a receipt until its job has ended
  ${burst.padEnd(width)}   2,000 calls to each flow, and what became of them
`;
}
