/**
 * One process of a function: AWS's own runtime client with the deployed bundle. Frozen whenever it has no invocation,
 * as Lambda does, so that what a handler leaves unfinished shows here and not only there.
 */
import { Program } from "../processes.ts";
import { type Answer, type Invocation, RuntimeApi } from "./runtime-api.ts";
import { type FunctionSettings, nodeOf, preload, processEnvironment, runtimeClient } from "./settings.ts";

const INIT_MS = 20_000;

/** Its code failed, ran out of time, or its process died. */
export type Outcome =
  | Answer
  | { readonly kind: "timed out" }
  | { readonly kind: "died"; readonly said: string };

export type InstanceHost = {
  /** Beside the template's: where the stores are, what this run sets. */
  readonly environment: Readonly<Record<string, string>>;
  /** Modules loaded before the client, beside our stand-in for its native part. */
  readonly preloads: readonly string[];
  /** What a process says of itself on its fourth descriptor, line by line. */
  readonly onLine: (instance: Instance, line: string) => void;
  readonly onDeath: (instance: Instance) => void;
};

export class Instance {
  readonly #api: RuntimeApi;
  readonly #program: Program;
  readonly #host: InstanceHost;
  invocations = 0;

  private constructor(settings: FunctionSettings, host: InstanceHost, api: RuntimeApi) {
    this.#host = host;
    this.#api = api;
    const preloads = [preload, ...host.preloads].flatMap((file) => ["--import", file]);
    this.#program = new Program(
      settings.name,
      nodeOf(settings.runtime),
      ["--enable-source-maps", ...preloads, runtimeClient],
      {
        cwd: settings.folder,
        env: { ...processEnvironment(settings, api.address, host.environment) },
        stdio: ["ignore", "pipe", "pipe", "pipe"],
      },
    );
    this.#observe();
    void this.#program.ended.then(() => {
      this.#api.close();
      host.onDeath(this);
    });
  }

  static async start(settings: FunctionSettings, host: InstanceHost): Promise<Instance> {
    return new Instance(settings, host, await RuntimeApi.listen());
  }

  get pid(): number {
    return this.#program.pid;
  }

  get alive(): boolean {
    return this.#program.running;
  }

  get said(): string {
    return this.#program.said;
  }

  /** Runs one invocation; afterwards it is frozen, or dead. */
  async invoke(invocation: Invocation): Promise<Outcome> {
    const idle = await this.#begin();
    if (idle !== undefined) return idle;
    this.invocations++;
    this.#signal("SIGCONT");
    const deadline = AbortSignal.timeout(invocation.timeoutMs);
    const outcome = await Promise.race([
      this.#api.invoke(invocation, Date.now() + invocation.timeoutMs),
      this.#program.ended.then((): Outcome => ({ kind: "died", said: this.#program.said })),
      whenAborted(deadline).then((): Outcome => ({ kind: "timed out" })),
    ]);
    if (outcome.kind === "timed out") await this.kill();
    else if (outcome.kind !== "died") {
      await Promise.race([this.#api.whenIdle(), this.#program.ended, whenAborted(deadline)]);
      if (this.#api.idle) this.#signal("SIGSTOP");
      else await this.kill();
    }
    return outcome;
  }

  kill(): Promise<void> {
    return this.#program.kill();
  }

  /** The first one waits for the code to load. */
  async #begin(): Promise<Outcome | undefined> {
    if (this.invocations > 0) return undefined;
    const late = AbortSignal.timeout(INIT_MS);
    await Promise.race([this.#api.whenIdle(), this.#program.ended, whenAborted(late)]);
    if (this.#api.idle) return undefined;
    await this.kill();
    const { initError } = this.#api;
    return initError === undefined
      ? { kind: "died", said: this.#program.said }
      : { kind: "failed", type: "Runtime.InitError", payload: initError };
  }

  #signal(name: "SIGSTOP" | "SIGCONT"): void {
    if (this.#program.running) this.#program.child.kill(name);
  }

  #observe(): void {
    const lines = this.#program.child.stdio[3] as NodeJS.ReadableStream | null | undefined;
    if (!lines) return;
    let rest = "";
    lines.setEncoding("utf8");
    lines.on("data", (chunk: string) => {
      const parts = (rest + chunk).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) this.#host.onLine(this, line);
    });
  }
}

const whenAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
