/** Serves the orders example, and says what to try. */
import { serve } from "spillway/node";
import { app } from "./app.ts";

const { url } = await serve(app);
const call = (path: string, headers = "") =>
  `  curl -s${headers} -H 'content-type: application/json' -d '{"sku":"lamp","quantity":1}' ${url}${path}`;

// The commands ask at the usual place unless they are told another.
const there = url === "http://127.0.0.1:3000" ? "" : ` --url ${url}`;

console.log(`
Try it:
${call("/orders")}
${call("/operations/place-order-event", "i")}
${call("/orders", "i -H 'prefer: respond-async'")}
  npm run watch -- <receipt>${there}     follows a receipt until its job has ended
  npm run burst${there === "" ? "" : ` --${there}`}                  2,000 calls to each flow, and what became of them
`);
