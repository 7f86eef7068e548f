/**
 * The engine's end of the line to its owner thread: requests are answered in their order. Once the thread is
 * lost or has given up, whoever waits waits for ever and `onFatal` is called, once; nobody is told of a success
 * or a failure that is not known.
 */
import { Worker } from "node:worker_threads";
import { configurationError, SpillwayError } from "../../core/errors.ts";
import type { OwnerData, Reply, Request } from "./messages.ts";

type Opened = Extract<Reply, { kind: "opened" }>;

export class OwnerThread {
  readonly #worker: Worker;
  readonly #onFatal: (error: Error) => void;
  readonly #ended: Promise<void>;
  readonly #waiting: ((reply: Reply) => void)[] = [];
  readonly #arrived: Reply[] = [];
  #state: "open" | "closed" | "lost" = "open";

  private constructor(worker: Worker, onFatal: (error: Error) => void) {
    this.#worker = worker;
    this.#onFatal = onFatal;
    worker.on("message", (reply: Reply) => this.#arrive(reply));
    worker.on("error", (error: Error) => this.#lose(error));
    worker.on("messageerror", (error: Error) => this.#lose(error));
    this.#ended = new Promise((resolve) => {
      worker.on("exit", (code) => {
        this.#lose(new Error(`The thread that owns the database ended with code ${code}.`));
        resolve();
      });
    });
  }

  static async start(
    data: OwnerData,
    onFatal: (error: Error) => void,
  ): Promise<{ thread: OwnerThread; opened: Opened }> {
    const worker = new Worker(new URL("./owner.ts", import.meta.url), {
      workerData: data,
      name: "spillway-sqlite",
    });
    const opened = await firstReply(worker, data.file);
    return { thread: new OwnerThread(worker, onFatal), opened };
  }

  /** Never settles if the answer cannot be known; rejects if the question cannot be put. */
  ask(request: Request): Promise<Reply> {
    if (this.#state === "closed") {
      return Promise.reject(new SpillwayError("storage-unavailable", "The SQLite engine is closed."));
    }
    return new Promise((resolve) => {
      if (this.#state === "lost") return;
      // First, because it throws on what cannot be cloned: nobody may wait for an answer that never comes.
      this.#worker.postMessage(request);
      this.#waiting.push(resolve);
    });
  }

  /** Resolves when the thread has ended; what was asked before is answered first. */
  async close(): Promise<void> {
    if (this.#state === "open") {
      const closed = this.ask({ kind: "close" });
      this.#state = "closed";
      await Promise.race([closed, this.#ended]);
    }
    await this.#worker.terminate();
  }

  /**
   * Taken in after the sockets have been looked at. Node.js hands over up to 1,000 messages before it does that: where
   * an answer leads to the next question, and that is answered while the first is still dealt with, nobody else is heard.
   */
  #arrive(reply: Reply): void {
    if (this.#arrived.push(reply) === 1) setImmediate(() => this.#receiveAll());
  }

  #receiveAll(): void {
    for (const reply of this.#arrived.splice(0)) this.#receive(reply);
  }

  #receive(reply: Reply): void {
    if (reply.kind === "fatal") return this.#lose(new Error(`The database failed: ${reply.message}`));
    if (this.#state !== "lost") this.#waiting.shift()?.(reply);
  }

  /** An end that was asked for is none to speak of. */
  #lose(error: Error): void {
    this.#receiveAll();
    if (this.#state === "lost" || (this.#state === "closed" && this.#waiting.length === 0)) return;
    this.#state = "lost";
    this.#waiting.length = 0;
    void this.#worker.terminate();
    this.#onFatal(error);
  }
}

async function firstReply(worker: Worker, file: string): Promise<Opened> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const onExit = (code: number) =>
    reject(new Error(`The thread that was to own ${file} ended with code ${code}.`));
  worker.on("message", resolve).on("error", reject).on("exit", onExit);
  const reply = await promise;
  worker.off("message", resolve).off("error", reject).off("exit", onExit);
  if (reply.kind === "opened") return reply;
  await worker.terminate();
  const message = reply.kind === "notOpened" ? reply.message : `${file} did not open.`;
  if (reply.kind === "notOpened" && reply.isConfiguration) throw new SpillwayError("configuration", message);
  throw configurationError(
    `${file} cannot be opened: ${message}.`,
    "Check the disk and the file, or give sqlite() another folder.",
  );
}
