// BullMQ: `bullmq.js front|worker PORT` of Redis.
import { Queue, Worker } from "bullmq";
import { countRun, instrument } from "../instrument.ts";
import { front, inSlices, order } from "./front.ts";

const [role, port] = process.argv.slice(2);
const connection = { host: "127.0.0.1", port: Number(port), maxRetriesPerRequest: null };
const removal = { removeOnComplete: true };

if (role === "front") {
  const queue = new Queue("noop", { connection, defaultJobOptions: removal });
  await queue.waitUntilReady();
  instrument(await front((body) => queue.add("noop", body)), {
    preload: (total) =>
      inSlices(total, 1_000, (count) =>
        queue.addBulk(Array.from({ length: count }, () => ({ name: "noop", data: order }))),
      ),
    forget: () => queue.drain(),
  });
} else {
  let worker: Worker | undefined;
  instrument(0, {
    async work() {
      worker = new Worker(
        "noop",
        async () => {
          countRun();
          return { ok: true };
        },
        { connection, concurrency: 50, ...removal },
      );
      await worker.waitUntilReady();
    },
    async rest() {
      await worker?.close();
    },
  });
}
