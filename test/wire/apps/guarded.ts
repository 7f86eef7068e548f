/** An app that knows its callers: ann and bob by their tokens, and tokens of ann's that expire at a given time. */
import type { Authenticate } from "spillway";
import { bearerTokens, operation, resource, spillway } from "spillway";
import { serve } from "spillway/node";
import { sqlite } from "spillway/sqlite";
import { act, Plan } from "./act.ts";
import { hearTests } from "./world.ts";

const known = bearerTokens({ ann: "token-of-ann-0123456789", bob: "token-of-bob-0123456789" });

const authenticate: Authenticate = (credentials) => {
  const until = /^ann-until-(\d+)$/.exec(credentials.token)?.[1];
  return until === undefined ? known(credentials) : { principal: "ann", expiresAt: Number(until) };
};

const one = resource("one", { concurrency: 1 });

export const app = spillway({
  operations: [
    ...(["request", "event", "spill"] as const).flatMap((flow) => [
      operation({ name: `wide-${flow}`, flow, input: Plan, limits: { concurrency: 100 } }, act),
      operation({ name: `one-${flow}`, flow, input: Plan, limits: one }, act),
    ]),
    operation({ name: "staff", flow: "request", input: Plan, access: "admin" }, act),
  ],
  engine: sqlite(process.env["SPILLWAY_DATA"] ?? ""),
  authenticate,
  allowedOrigins: ["https://shop.example"],
});

hearTests();
await serve(app);
