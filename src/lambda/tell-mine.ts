/**
 * All jobs of one principal, told to one connection in the order of their changes and from the place that it was told
 * last, which stands in the table: so it may be told twice, by whoever comes after one that died, but misses nothing.
 */
import type { Clock } from "../core/clock.ts";
import type { Changes, Engine } from "../core/engine.ts";
import type { Random } from "../core/random.ts";
import type { DetachedSockets } from "../door/socket/detached.ts";
import { TellingTurn } from "../engines/aws/telling-turn.ts";
import type { Watcher } from "../engines/aws/watch-rows.ts";
import type { Watchers } from "../engines/aws/watchers.ts";
import type { Posted } from "./gateway.ts";

export type MineHost = {
  readonly engine: Engine;
  readonly watchers: Watchers;
  readonly texts: Pick<DetachedSockets, "statusText">;
  readonly clock: Clock;
  readonly random: Random;
  readonly post: (watcher: Watcher, text: string) => Promise<Posted>;
};

const PAGE = 100;

/** `all`: or another is at it, or there is nobody to tell. `some`: somebody should come back to it. */
export async function tellMine(watcher: Watcher, until: number, host: MineHost): Promise<"all" | "some"> {
  const { principal, connection } = watcher;
  const turn = await TellingTurn.take(host, principal, connection);
  if (!turn) return "all";
  try {
    for (;;) {
      const page = await host.engine.changes(principal, turn.cursor, PAGE);
      const posted = await sendPage(page, turn, watcher, until, host);
      if (posted === "gone") return "all";
      if (posted === "failed") {
        await turn.drop();
        return "some";
      }
      if (page.jobs.length > 0 ? !(await turn.reached(page.next)) : await turn.end()) return "all";
    }
  } catch (error) {
    await turn.drop();
    throw error;
  }
}

/** In their order: a place that is told says that all before it was. */
async function sendPage(
  { jobs }: Changes,
  turn: TellingTurn,
  watcher: Watcher,
  until: number,
  host: MineHost,
): Promise<Posted> {
  let last: string | undefined;
  for (const { job, cursor } of jobs) {
    const posted =
      host.clock.monotonic() < until
        ? await host.post(watcher, host.texts.statusText(job, cursor))
        : "failed";
    if (posted !== "sent") {
      if (posted === "failed" && last !== undefined) await turn.reached(last);
      return posted;
    }
    last = cursor;
  }
  return "sent";
}
