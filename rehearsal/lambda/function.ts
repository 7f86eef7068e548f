/** A function of the template: its processes, as many as run at once, and what becomes of an invocation. */
import { Instance, type InstanceHost, type Outcome } from "./instance.ts";
import type { Invocation } from "./runtime-api.ts";
import type { FunctionSettings } from "./settings.ts";

export type Invoked = Outcome | { readonly kind: "throttled" };

/** Concurrency that all functions of the account share. */
export class Account {
  readonly limit: number;
  running = 0;
  peak = 0;

  constructor(limit: number) {
    this.limit = limit;
  }
}

export class LambdaFunction {
  settings: FunctionSettings;
  readonly counts = { invocations: 0, failed: 0, timedOut: 0, died: 0, throttled: 0, started: 0 };
  peak = 0;
  readonly #account: Account;
  readonly #host: InstanceHost;
  readonly #machineCap: number;
  readonly #idle: Instance[] = [];
  readonly #all = new Set<Instance>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #starting = 0;
  #closed = false;
  #generation = 0;
  /** What its processes said when something went wrong, for whoever asks why. */
  lastWords = "";

  constructor(
    settings: FunctionSettings,
    host: InstanceHost,
    account: Account,
    /** So many processes this machine is asked to bear; what finds none free waits, as on no Lambda. */
    machineCap: number,
  ) {
    this.settings = settings;
    this.#account = account;
    this.#machineCap = machineCap;
    this.#host = {
      ...host,
      onDeath: (instance) => {
        this.#forget(instance);
        host.onDeath(instance);
      },
    };
  }

  /** Those with an invocation under way. */
  get busy(): readonly Instance[] {
    return [...this.#all].filter((instance) => !this.#idle.includes(instance));
  }

  async invoke(event: unknown, onStream?: Invocation["onStream"]): Promise<Invoked> {
    const { reserved, timeoutMs, arn } = this.settings;
    if (
      this.#account.running >= this.#account.limit ||
      (reserved !== undefined && this.#running >= reserved)
    ) {
      this.counts.throttled++;
      return { kind: "throttled" };
    }
    this.#account.peak = Math.max(this.#account.peak, ++this.#account.running);
    this.#running++;
    try {
      const instance = await this.#instance();
      const generation = this.#generation;
      this.peak = Math.max(this.peak, this.busy.length);
      const text = JSON.stringify(event);
      const outcome = await instance.invoke({
        event: text,
        timeoutMs,
        arn,
        ...(onStream === undefined ? {} : { onStream }),
      });
      this.#count(outcome, instance);
      if (generation !== this.#generation) await instance.kill();
      else if (instance.alive) this.#idle.push(instance);
      return outcome;
    } finally {
      this.#running--;
      this.#account.running--;
      this.#waiting.shift()?.();
    }
  }

  /** A new deployment: other settings, other processes; what runs comes to its end in the old ones. */
  async replace(environment: Readonly<Record<string, string>>): Promise<void> {
    this.settings = { ...this.settings, environment: { ...this.settings.environment, ...environment } };
    this.#generation++;
    await Promise.all(this.#idle.splice(0).map((instance) => instance.kill()));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#all].map((instance) => instance.kill()));
  }

  async #instance(): Promise<Instance> {
    for (;;) {
      if (this.#closed) throw new Error(`${this.settings.name} is gone.`);
      const idle = this.#idle.pop();
      if (idle?.alive) return idle;
      if (idle !== undefined) continue;
      if (this.#all.size + this.#starting < this.#machineCap) return this.#start();
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async #start(): Promise<Instance> {
    this.counts.started++;
    this.#starting++;
    try {
      const instance = await Instance.start(this.settings, this.#host);
      this.#all.add(instance);
      return instance;
    } finally {
      this.#starting--;
    }
  }

  #count(outcome: Outcome, instance: Instance): void {
    this.counts.invocations++;
    if (outcome.kind === "failed") this.counts.failed++;
    if (outcome.kind === "timed out") this.counts.timedOut++;
    if (outcome.kind === "died") this.counts.died++;
    if (outcome.kind === "failed") this.lastWords = outcome.payload.slice(0, 2_000);
    if (outcome.kind === "died" || outcome.kind === "timed out") this.lastWords = instance.said.slice(-2_000);
  }

  #forget(instance: Instance): void {
    this.#all.delete(instance);
    const index = this.#idle.indexOf(instance);
    if (index >= 0) this.#idle.splice(index, 1);
    this.#waiting.shift()?.();
  }
}
