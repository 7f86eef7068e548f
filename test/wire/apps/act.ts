/** A handler that does as it is told: the n-th run of a tag takes the n-th step of its plan, later ones the last. */
import type { Context } from "spillway";
import { ProblemError, RetryableError, TerminalError, ThrottledError, table } from "spillway";
import * as z from "zod";
import { type Run, released, visit } from "./world.ts";

export const Plan = z.object({
  tag: z.string().min(1).max(200),
  plan: z.array(z.string()).max(50).optional(),
  /** Another place of the world that is visited as well, to see many tags at once. */
  also: z.string().optional(),
  filler: z.string().optional(),
});

export const Rows = table("rows", {
  schema: z.object({ key: z.string(), value: z.number().optional(), filler: z.string().optional() }),
  key: "key",
});

type Step = (tag: string, context: Context) => unknown;

const aborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });

const fail = (make: () => Error) => () => {
  throw make();
};

const steps: Readonly<Record<string, Step>> = {
  ok: () => undefined,
  nothing: () => null,
  throw: fail(() => new Error("secret-detail")),
  "throw-text": () => Promise.reject("secret-detail"),
  retry: fail(() => new RetryableError("secret-detail")),
  later: fail(() => new RetryableError("secret-detail", { afterMs: 60_000 })),
  terminal: fail(() => new TerminalError("secret-detail")),
  throttle: fail(() => new ThrottledError("secret-detail", { afterMs: 20 })),
  problem: fail(
    () =>
      new ProblemError({
        status: 418,
        code: "short-and-stout",
        title: "A teapot",
        detail: "Tip it over.",
        more: { spout: 1 },
      }),
  ),
  unavailable: fail(() => new ProblemError({ status: 503, code: "till-later", title: "Not now" })),
  hold: (tag, { signal }) => Promise.race([released(tag), aborted(signal)]),
  deaf: (tag) => released(tag),
  progress: (tag, { progress, signal }) => {
    progress({ ratio: 0.4, message: "charging" });
    return Promise.race([released(tag), aborted(signal)]);
  },
  "progress-then": async (tag, { progress }) => {
    await released(tag);
    progress({ ratio: 0.8, message: "packing" });
    await released(`${tag}-end`);
  },
  insert: (tag, { write }) => write(Rows).insert({ key: tag }),
  "insert-else": (tag, { write }) => {
    write(Rows).insert({ key: tag }, { problem: sold });
  },
  "huge-effects": (tag, { write }) => {
    for (let i = 0; i < 64; i++) write(Rows).put({ key: `${tag}-${i}`, filler: "x".repeat(500_000) });
  },
};

const sold = {
  type: "https://example.com/sold",
  title: "Sold",
  status: 409,
  code: "sold",
};

export async function act(input: z.output<typeof Plan>, context: Context): Promise<unknown> {
  const { tag, plan = ["ok"], also } = input;
  const { id, attempt, principal, signal } = context;
  const run: Run = { id, attempt, principal, aborted: false, ended: false };
  signal.addEventListener("abort", () => {
    run.aborted = true;
  });
  const work = () =>
    visit(tag, run, async (number) => {
      const step = plan[Math.min(number, plan.length - 1)] ?? "ok";
      if (step === "wrong") return { tag: 7 };
      if (step === "huge") return { tag, id, run: number, filler: "x".repeat(2_000_000) };
      if (step === "bulky") return { tag, id, run: number, filler: "x".repeat(60_000) };
      const result = await steps[step]?.(tag, context);
      return result === null ? undefined : { tag, id, run: number };
    });
  return also === undefined ? work() : visit(also, run, work);
}

export const Acted = z.object({
  tag: z.string(),
  id: z.string(),
  run: z.number(),
  filler: z.string().optional(),
});
