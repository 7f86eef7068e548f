// pg-boss: `pg-boss.js front|worker PORT [notify]` of PostgreSQL; the last word has it told of new jobs, which costs
// each of its commits a turn.
import { PgBoss } from "pg-boss";
import { countHandled, countRun, instrument } from "../instrument.ts";
import { front, inSlices, order } from "./front.ts";

const [role, port, notify] = process.argv.slice(2);
const isTold = notify === "notify";
const boss = new PgBoss({
  connectionString: `postgres://postgres@127.0.0.1:${port}/postgres`,
  max: 20,
  useListenNotify: isTold,
});
boss.on("error", (error) => console.error(error));
await boss.start();
await boss.createQueue("noop", { notify: isTold });

if (role === "front") {
  instrument(await front((body) => boss.send("noop", body)), {
    preload: (total) =>
      inSlices(total, 5_000, (count) =>
        boss.insert(
          "noop",
          Array.from({ length: count }, () => ({ data: order })),
        ),
      ),
    forget: () => boss.deleteAllJobs("noop"),
  });
} else {
  instrument(0, {
    async work() {
      await boss.work(
        "noop",
        { batchSize: 500, localConcurrency: 2, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 },
        async (jobs) => {
          for (const { data } of jobs) {
            countHandled((data as { readonly note: string }).note);
            countRun();
          }
        },
      );
    },
    rest: () => boss.offWork("noop", { wait: true }),
  });
}
