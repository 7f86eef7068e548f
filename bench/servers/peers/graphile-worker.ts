// graphile-worker: `graphile-worker.js front|worker PORT` of PostgreSQL.
import { Logger, makeWorkerUtils, type Runner, run } from "graphile-worker";
import { countHandled, countRun, instrument } from "../instrument.ts";
import { front, inSlices, order } from "./front.ts";

const [role, port] = process.argv.slice(2);
const connectionString = `postgres://postgres@127.0.0.1:${port}/postgres`;
const logger = new Logger(() => () => {});

if (role === "front") {
  const utils = await makeWorkerUtils({ connectionString, maxPoolSize: 20, logger });
  await utils.migrate();
  instrument(await front((body) => utils.addJob("noop", body)), {
    preload: (total) =>
      inSlices(total, 5_000, (count) =>
        utils.addJobs(Array.from({ length: count }, () => ({ identifier: "noop", payload: order }))),
      ),
    forget: () => utils.withPgClient((client) => client.query("truncate graphile_worker._private_jobs")),
  });
} else {
  let runner: Runner | undefined;
  instrument(0, {
    async work() {
      runner = await run({
        connectionString,
        noHandleSignals: true,
        taskList: {
          noop: async (payload) => {
            countHandled((payload as { readonly note: string }).note);
            countRun();
          },
        },
        preset: {
          worker: {
            concurrentJobs: 50,
            maxPoolSize: 20,
            localQueue: { size: 500 },
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0,
            logger,
          },
        },
      });
    },
    async rest() {
      await runner?.stop();
    },
  });
}
