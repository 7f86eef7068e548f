// Who is compared with, and how each is set.
import { join } from "node:path";
import { versions } from "../versions.ts";
import type { Peer } from "./peer.ts";
import { POSTGRES_SETTINGS, Postgres, postgresMissing } from "./postgres.ts";
import { type QueuePeer, queuePeer } from "./queue-peer.ts";
import { redisMissing, startRedis } from "./redis.ts";
import { restate } from "./restate.ts";

/**
 * @param scripts the folder with the peers' scripts
 * @param home a temp folder for what they share between rounds
 */
export function allPeers(scripts: string, home: string): readonly Peer[] {
  const queues: readonly QueuePeer[] = [
    {
      id: "bullmq",
      name: `BullMQ ${versions.bullmq}`,
      settings:
        "behind Fastify, Redis with appendfsync always, concurrency 50, removeOnComplete, preloaded by addBulk",
      missing: redisMissing,
      startStore: startRedis,
      preload: 20_000,
    },
    ...postgresQueues(new Postgres(join(home, "postgres"))),
  ];
  return [...queues.map((queue) => queuePeer(queue, scripts)), restate(scripts)];
}

/** Those that have their jobs in PostgreSQL. */
export function postgresQueues(postgres: Postgres): readonly QueuePeer[] {
  const onPostgres = {
    missing: postgresMissing,
    startStore: (folder: string) => postgres.start(folder),
    preload: 100_000,
  };
  return [
    {
      ...onPostgres,
      id: "pg-boss",
      name: `pg-boss ${versions["pg-boss"]}`,
      settings: `behind Fastify, pool of 20, batchSize 500, 2 local workers, burstWhenBatchFull, notify off (faster); ${POSTGRES_SETTINGS}`,
    },
    {
      ...onPostgres,
      id: "graphile-worker",
      name: `graphile-worker ${versions["graphile-worker"]}`,
      settings: `behind Fastify, pool of 20, concurrentJobs 50, localQueue 500, completeJobBatchDelay 0; ${POSTGRES_SETTINGS}`,
    },
  ];
}
