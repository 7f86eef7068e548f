/** Kills whatever it was told of and not told off again, once whoever told it is gone. */
import { createInterface } from "node:readline";

const alive = new Set<number>();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => undefined);
for await (const line of createInterface({ input: process.stdin })) {
  const pid = Number(line.slice(1));
  if (line.startsWith("+")) alive.add(pid);
  else alive.delete(pid);
}
for (const pid of alive) {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
