/** Serves the orders example, and says what to try. */
import { serve } from "spillway/node";
import { app } from "./app.ts";

const { url } = await serve(app);
const call = (path: string, headers = "") =>
  `  curl -s${headers} -H 'content-type: application/json' -d '{"sku":"lamp","quantity":1}' ${url}${path}`;

console.log(`
Try it:
${call("/orders")}
${call("/operations/place-order-event", "i")}
${call("/orders", "i -H 'prefer: respond-async'")}
  npm run watch -- <receipt>     follows a receipt until its job has ended
  npm run burst                  2,000 calls to each flow, and what became of them
`);
