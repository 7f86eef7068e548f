// The least that is an app: what its function weighs on AWS is Spillway and AWS's clients, and no library of its own.
import { operation, type Schema, spillway } from "spillway";
import { sqlite } from "spillway/sqlite";

const anything: Schema = {
  "~standard": { version: 1, vendor: "bench", validate: (value) => ({ value }) },
};

export const app = spillway({
  operations: [operation({ name: "do-nothing", input: anything, limits: { concurrency: 10 } }, () => null)],
  engine: sqlite("./data"),
});
