// Load at a fixed rate, made by a process of its own.
import { execute, generatorFile } from "../generators/generator.ts";
import type { OpenPlan, Window } from "../generators/open-loop.ts";
import type { Pushed } from "../generators/push.ts";
import type { Sample } from "../report/sample.ts";
import type { Server } from "./server.ts";

/** All in one window. */
export async function calls(plan: Omit<OpenPlan, "windowSeconds">): Promise<Window> {
  const given: OpenPlan = { ...plan, windowSeconds: plan.seconds * 2 };
  const { stdout } = await execute(process.execPath, [generatorFile("open-loop.ts"), JSON.stringify(given)]);
  const window = JSON.parse(stdout) as Window;
  if (window.failures > 0) throw new Error(`${window.failures} calls failed.`);
  return window;
}

/** From a call over a socket until its outcome is pushed. */
export async function pushes(server: Server, perSecond: number, seconds: number): Promise<Sample> {
  const url = server.url("/socket").replace("http:", "ws:");
  const args = [generatorFile("push.ts"), url, String(perSecond), String(seconds)];
  const { stdout } = await execute(process.execPath, args);
  const { p50Ms, p99Ms } = JSON.parse(stdout) as Pushed;
  return { perSecond, p50Ms, p99Ms };
}
