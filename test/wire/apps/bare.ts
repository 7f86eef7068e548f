/** An app without an engine: `request` operations only, and no key can be kept. */
import { operation, spillway } from "spillway";
import { serve } from "spillway/node";
import { act, Plan } from "./act.ts";
import { hearTests } from "./world.ts";

export const app = spillway({ operations: [operation({ name: "bare", flow: "request", input: Plan }, act)] });

hearTests();
await serve(app);
