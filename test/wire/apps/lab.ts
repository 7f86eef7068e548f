/** Every behaviour that the orders example cannot show, without `authenticate`. */
import { join } from "node:path";
import type { SpecOptions } from "spillway";
import { operation, ProblemError, resource, spillway, table } from "spillway";
import { serve } from "spillway/node";
import { sqlite } from "spillway/sqlite";
import * as z from "zod";
import { Acted, act, Plan } from "./act.ts";
import { hearTests } from "./world.ts";

type Common = Partial<SpecOptions<typeof Plan, undefined>>;

const quick = { maxAttempts: 3, base: "40ms", cap: "80ms" } as const;

/** The same handler in the three flows. */
const family = (name: string, common: Common = {}) =>
  (["request", "event", "spill"] as const).map((flow) =>
    operation({ input: Plan, retry: quick, ...common, name: `${name}-${flow}`, flow }, act),
  );

/** Like the family `wide`, with a schema that every output must satisfy. */
const shaped = (flow: "request" | "event" | "spill") =>
  operation(
    { name: `shaped-${flow}`, flow, input: Plan, output: Acted, retry: quick },
    async (input, context) => (await act(input, context)) as z.input<typeof Acted>,
  );

const one = resource("one", { concurrency: 1 });
const bounded = resource("bounded", { concurrency: 1 });
const two = resource("two", { concurrency: 2 });
const drip = resource("drip", { concurrency: 100, rate: "2/s" });

const counters = table("counters", {
  schema: z.object({ name: z.string(), left: z.int() }),
  key: "name",
});

const Counter = z.object({ name: z.string(), left: z.int().optional() });

/** `left` sets the counter; without it, one is taken off what was read. */
const count = (flow: "request" | "event" | "spill") =>
  operation(
    {
      name: `count-${flow}`,
      flow,
      input: Counter,
      limits: { concurrency: 64 },
      retry: { maxAttempts: 200, base: "5ms", cap: "20ms" },
    },
    async ({ name, left }, { read, write }) => {
      if (left !== undefined) {
        write(counters).put({ name, left });
        return { left };
      }
      const found = await read(counters).get(name);
      if (!found) throw new ProblemError({ status: 404, code: "no-counter", title: "No such counter" });
      const next = { name, left: found.value.left - 1 };
      write(counters).put(next);
      return next;
    },
  );

const look = operation(
  { name: "look", flow: "request", input: Counter, limits: { concurrency: 64 } },
  async ({ name }, { read }) => (await read(counters).get(name))?.value.left ?? null,
);

export const app = spillway({
  operations: [
    ...family("wide", { limits: { concurrency: 200 } }),
    ...(["request", "event", "spill"] as const).map(shaped),
    operation({ name: "plain", input: Plan }, act),
    ...family("one", { limits: one }),
    ...family("pair", { limits: two }),
    ...family("mixed", { limits: [one, two] }),
    ...family("brief", { limits: { concurrency: 20 }, timeout: "250ms" }),
    ...family("deaf", { limits: { concurrency: 2 }, timeout: "250ms" }),
    ...family("drip", { limits: drip }),
    ...family("keyed", { idempotency: "required" }),
    ...family("small", { inputBytes: 1024 }),
    ...family("bounded", { limits: bounded, backlog: 2 }),
    ...family("hidden", { access: "internal" }),
    ...family("staff", { access: "admin" }),
    ...(["request", "event", "spill"] as const).map(count),
    look,
  ],
  engine: sqlite(process.env["SPILLWAY_DATA"] ?? ""),
  allowedOrigins: ["https://shop.example"],
});

hearTests();
await serve(app, { reports: join(process.env["SPILLWAY_DATA"] ?? "", "reports") });
