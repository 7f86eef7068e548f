/** A process of the lab's and the talk with it. None outlives the lab, and one that ends early is an error at once. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { LabFailure } from "./errors.ts";

const STOP_MS = 5_000;
const LAST_WORDS = 2_000;

type Told = { readonly kind: string };
type Of<Message, Kind> = Extract<Message, { readonly kind: Kind }>;

const alive = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of alive) child.kill("SIGKILL");
});

export class Child<In, Out extends Told> {
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #waiting = new Map<string, (message: Out) => void>();
  readonly #ended = Promise.withResolvers<never>();
  #said = "";

  /** @param heard every message, as it comes */
  constructor(name: string, program: URL, heard: (message: Out) => void) {
    const { SPILLWAY_ADMIN_TOKEN: _, PORT: __, HOST: ___, ...environment } = process.env;
    this.#name = name;
    this.#process = fork(fileURLToPath(program), {
      serialization: "advanced",
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      execArgv: [],
      env: environment,
    });
    alive.add(this.#process);
    // Only who waits for a message hears of the end.
    this.#ended.promise.catch(() => undefined);
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#said = (this.#said + text).slice(-LAST_WORDS);
      });
    this.#process.on("message", (message: Out) => {
      heard(message);
      this.#waiting.get(message.kind)?.(message);
    });
    this.#process.once("error", (error) => this.#ended.reject(error));
    // After its output has been read.
    this.#process.once("close", (code, signal) => {
      alive.delete(this.#process);
      const words = this.#said.trim() === "" ? "" : ` Its last words:\n${this.#said.trim()}`;
      this.#ended.reject(
        new LabFailure(`${this.#name} ended early (${signal ?? `exit code ${code}`}).${words}`),
      );
    });
  }

  tell(message: In): void {
    this.#process.send(message as object);
  }

  /** The next message of a kind; rejects when the process ends first, or takes longer than that. */
  async next<Kind extends Out["kind"]>(kind: Kind, withinMs: number): Promise<Of<Out, Kind>> {
    let limit: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      limit = setTimeout(
        () =>
          reject(
            new LabFailure(`${this.#name} did not say "${kind}" within ${Math.round(withinMs / 1_000)} s.`),
          ),
        withinMs,
      );
    });
    const told = new Promise<Of<Out, Kind>>((resolve) => {
      this.#waiting.set(kind, (message) => resolve(message as Of<Out, Kind>));
    });
    try {
      return await Promise.race([told, late, this.#ended.promise]);
    } finally {
      clearTimeout(limit);
      this.#waiting.delete(kind);
    }
  }

  /** Rejects when the process ends before it was stopped: for whoever waits for another one that needs it. */
  get gone(): Promise<never> {
    return this.#ended.promise;
  }

  /** Whoever waits for it hears why. */
  giveUp(error: Error): void {
    this.#ended.reject(error);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, "exit");
    // It ends with the last word between us.
    if (this.#process.connected) this.#process.disconnect();
    const limit = setTimeout(() => this.#process.kill("SIGKILL"), STOP_MS);
    await gone;
    clearTimeout(limit);
  }
}
