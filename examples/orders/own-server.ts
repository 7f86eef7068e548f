/** A server of the orders example for as long as one burst: a child process with a data folder that is thrown away. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export type OwnServer = {
  readonly url: string;
  readonly folder: string;
  readonly pid: number | undefined;
  readonly stop: () => Promise<void>;
};

const START_MS = 15_000;
const STOP_MS = 5_000;

export async function startOwnServer(): Promise<OwnServer> {
  const folder = mkdtempSync(join(tmpdir(), "spillway-burst-"));
  const environment = { ...process.env, PORT: "0", HOST: "127.0.0.1", SPILLWAY_DATA: folder };
  // Without a token set, whoever is on this machine may administer it; the folder's own token would have to be read.
  delete (environment as NodeJS.ProcessEnv)["SPILLWAY_ADMIN_TOKEN"];
  const child = spawn(process.execPath, [join(import.meta.dirname, "main.ts")], {
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const dispose = (): void => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  // Whatever ends this process, nothing of it stays behind.
  process.once("exit", dispose);
  try {
    const url = await listening(child);
    return { url, folder, pid: child.pid, stop: () => stop(child) };
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

/** Where it says that it listens. */
function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(
      () => reject(new Error(`It did not listen within ${START_MS / 1_000} s.`)),
      START_MS,
    );
    child.once("error", reject);
    child.once("exit", (code, signal) =>
      reject(new Error(`It ended with ${signal ?? code} before it listened.`)),
    );
    // Read to its end, so that the server never waits for us to take what it prints.
    createInterface({ input: child.stdout as NonNullable<typeof child.stdout> }).on("line", (line) => {
      const url = /^Listening on (http:\S+)$/.exec(line)?.[1];
      if (url === undefined) return;
      clearTimeout(limit);
      resolve(url);
    });
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  const limit = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await gone;
  clearTimeout(limit);
}
