/**
 * Runs a server for a process that may be killed at any moment: `guard.ts FOLDER COMMAND ARGUMENT…`. Each line on
 * standard input starts it; its process id is printed, and `ended` when it has. When standard input closes, it is ended
 * and its folder removed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { runAs } from "./installation.ts";

const ENDED_WITHIN_MS = 5_000;

const [folder = "", command = "", ...args] = process.argv.slice(2);
let server: ChildProcess | undefined;
// Whoever would read it may be gone.
process.stdout.on("error", () => {});

for await (const _ of createInterface({ input: process.stdin })) {
  server = spawn(command, args, { ...runAs, cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  console.log(server.pid);
  server.once("exit", () => console.log("ended"));
}
await end(server);
rmSync(folder, { recursive: true, force: true });

/** At once: nobody needs what it has kept. */
async function end(server: ChildProcess | undefined): Promise<void> {
  if (!server || server.exitCode !== null || server.signalCode !== null) return;
  server.kill("SIGQUIT");
  // It may have been stopped by a test that is no more.
  server.kill("SIGCONT");
  const patience = setTimeout(() => server.kill("SIGKILL"), ENDED_WITHIN_MS);
  await once(server, "exit");
  clearTimeout(patience);
}
