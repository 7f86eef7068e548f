// pg-boss: `pg-boss.js front|worker PORT` of PostgreSQL.
import { PgBoss } from "pg-boss";
import { countRun, instrument } from "../instrument.ts";
import { front, inSlices, order } from "./front.ts";

const [role, port] = process.argv.slice(2);
const boss = new PgBoss({ connectionString: `postgres://postgres@127.0.0.1:${port}/postgres`, max: 20 });
boss.on("error", (error) => console.error(error));
await boss.start();
await boss.createQueue("noop");

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
          for (let i = 0; i < jobs.length; i++) countRun();
        },
      );
    },
    rest: () => boss.offWork("noop", { wait: true }),
  });
}
