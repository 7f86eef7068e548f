/** One connection of API Gateway, as the door sees it: what it follows stands in the table. */
import type { JobId } from "../core/job.ts";
import type { FarSocket } from "../door/socket/detached.ts";
import { MOST_FOLLOWED } from "../door/socket/limits.ts";
import type { SocketRow } from "../engines/aws/watch-rows.ts";
import type { Watchers } from "../engines/aws/watchers.ts";
import type { SocketPusher } from "./push.ts";

/** Of the 29 s that the gateway gives one frame. */
const MINE_MS = 20_000;

/** Where each receipt bears the id of its job. */
const BY_ITS_ID = async (receipt: JobId): Promise<JobId> => receipt;

export function farSocket(
  row: SocketRow,
  watchers: Watchers,
  pusher: SocketPusher,
  jobOf: (receipt: JobId) => Promise<JobId> = BY_ITS_ID,
): FarSocket {
  const { connection, principal, tokenUntil } = row;
  const isFull = async () => (await watchers.following(connection, MOST_FOLLOWED)) >= MOST_FOLLOWED;
  return {
    identity: { principal, ...(tokenUntil !== undefined && { expiresAt: tokenUntil }) },
    send: async (text) => {
      await pusher.post(row, text);
    },
    close: () => pusher.close(connection),
    isFull,
    follow: async (id) => {
      if ((await isFull()) && !(await watchers.follows(connection, id))) return false;
      await watchers.follow(row, id, await jobOf(id));
      await watchers.looks.soon(row);
      return true;
    },
    unfollow: (id) => watchers.unfollow(connection, id),
    followMine: async (after, begun) => {
      await watchers.followMine(row, after);
      await watchers.looks.soon(row);
      await begun();
      await pusher.tellMine(row, MINE_MS);
    },
    unfollowMine: () => watchers.unfollowMine(connection, principal),
  };
}
