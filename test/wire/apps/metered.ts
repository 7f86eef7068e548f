/** An app with a quota: three calls of each principal in ten seconds. */
import { bearerTokens, operation, spillway } from "spillway";
import { memory } from "spillway/memory";
import { serve } from "spillway/node";
import { act, Plan } from "./act.ts";
import { hearTests } from "./world.ts";

export const app = spillway({
  operations: [operation({ name: "wide-spill", input: Plan }, act)],
  engine: memory(),
  authenticate: bearerTokens({ ann: "token-of-ann-0123456789", bob: "token-of-bob-0123456789" }),
  quota: { calls: 3, seconds: 10, per: "process" },
});

hearTests();
await serve(app);
