// Starts a script under a given Node.js binary and stands transparently before it: signals go through, and the exit
// code comes back. It chooses nothing and installs nothing.
import { spawn } from "node:child_process";
import { delimiter, dirname } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** A failure that its message explains; shown without a stack. */
export class Problem extends Error {}

const forwarded = /** @type {NodeJS.Signals[]} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

/**
 * Passes the signals that this process gets to a child. A Ctrl-C reaches the whole foreground group by itself, so
 * at a terminal SIGINT is only survived, not passed on: the child would get it twice and might take the second for
 * "stop at once".
 * @param {import("node:child_process").ChildProcess} child
 * @returns {() => void} stops passing
 */
export function passSignals(child) {
  const atTerminal = process.stdin.isTTY === true;
  const listeners = forwarded.map((signal) => {
    const listener = () => {
      if (!(signal === "SIGINT" && atTerminal)) child.kill(signal);
    };
    process.on(signal, listener);
    return /** @type {const} */ ([signal, listener]);
  });
  return () => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };
}

/**
 * Runs `binary script ...args` and ends this process as the child ended.
 * @param {string} binary
 * @param {string} script
 * @param {readonly string[]} args
 */
export function runUnder(binary, script, args) {
  const env = { ...process.env };
  if (binary !== process.execPath) env["PATH"] = dirname(binary) + delimiter + (env["PATH"] ?? "");
  const child = spawn(binary, [script, ...args], { stdio: "inherit", env });
  const stopPassing = passSignals(child);
  return new Promise((resolve, reject) => {
    child.on("error", (error) => {
      stopPassing();
      reject(
        new Problem(`${binary} does not start: ${error.message}. Install Node.js 24 or newer and try again.`),
      );
    });
    child.on("exit", (code, signal) => {
      stopPassing();
      if (signal !== null) process.kill(process.pid, signal);
      process.exitCode = code ?? 1;
      resolve(undefined);
    });
  });
}
