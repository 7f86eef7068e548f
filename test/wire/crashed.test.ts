// The suite's own servers: none outlives the test that started it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { Client } from "./support/client.ts";
import { answered } from "./support/judge.ts";
import { until } from "./support/wait.ts";

test("a server of a test ends with it, also where that is killed", async () => {
  const crashing = spawn(process.execPath, [join(import.meta.dirname, "apps/crashing-test.ts")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [port] = await once(createInterface({ input: crashing.stdout }), "line");
  const client = new Client(Number(port));
  try {
    answered(await client.get("/health/live"));
    crashing.kill("SIGKILL");
    const isGone = () =>
      client.get("/health/live").then(
        () => false,
        () => true,
      );
    await until(`the server at port ${port} ends`, isGone);
  } finally {
    client.close();
  }
});
