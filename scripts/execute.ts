// Runs a command beside this process: shows what it prints as it comes, keeps it, and passes signals on.
import { spawn } from "node:child_process";
import { stripVTControlCharacters } from "node:util";

export type Executed = {
  readonly code: number;
  /** Standard output without colours. */
  readonly output: string;
};

/** @param env added to this process's own environment */
export function execute(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Executed> {
  const colour = process.stdout.isTTY ? { FORCE_COLOR: "1" } : {};
  const child = spawn(command, [...args], {
    env: { ...process.env, ...colour, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    process.stdout.write(chunk);
  });
  const stop = (signal: NodeJS.Signals) => child.kill(signal);
  process.once("SIGINT", stop).once("SIGTERM", stop);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.off("SIGINT", stop).off("SIGTERM", stop);
      if (signal !== null) process.stderr.write(`${command} was ended by ${signal}\n`);
      resolve({ code: code ?? 1, output: stripVTControlCharacters(Buffer.concat(chunks).toString()) });
    });
  });
}
