/** The function that is called each minute: what was lost is taken back, what is due is sent, what is old is pruned. */
import type { App } from "../app/app.ts";
import { announce } from "../core/notifier.ts";
import type { FunctionContext } from "./complaints.ts";
import { FunctionHost, type Invocation, type SourceOf } from "./host.ts";
import { pusherOf, type WatchedEngine } from "./pusher-of.ts";

export type SweepHandler = (event: unknown, context: FunctionContext) => Promise<void>;

const ROUND_MOST = 100;
/** A round that has begun ends in this time, mostly; one that does not is carried on by the next invocation. */
const ROUND_MS = 5_000;

export function sweepFunction(app: App, source: SourceOf<WatchedEngine>): SweepHandler {
  const host = new FunctionHost(app, source, { role: "worker", pusher: pusherOf });
  return async (_event, context) => {
    try {
      await host.invoke(context, swept);
    } catch (error) {
      await host.report(error);
      throw error;
    }
  };
}

async function swept(invocation: Invocation<WatchedEngine>): Promise<void> {
  const { pusher, timeLeftMs } = invocation;
  const told = pusher?.sweep(timeLeftMs() - ROUND_MS);
  try {
    await takenBack(invocation);
  } finally {
    // Whatever becomes of the one, the other is not stopped in the middle.
    await told;
  }
}

async function takenBack({
  engine,
  notices,
  pushes,
  nearlyLate,
  timeLeftMs,
}: Invocation<WatchedEngine>): Promise<void> {
  for (;;) {
    const { rescued, pruned, more } = await engine.sweep(ROUND_MOST);
    for (const job of rescued) announce(notices, job);
    await pushes.flush(nearlyLate);
    const isAll = rescued.length < ROUND_MOST && pruned < ROUND_MOST && !more;
    if (isAll || timeLeftMs() < ROUND_MS) return;
  }
}
