/**
 * Looks at jobs that callers wait for, made together: what is asked for while one look is under way is the next one, so
 * that a crowd which waits costs the store a few reads.
 */
import type { Ref } from "../core/engine.ts";
import type { JobRecord } from "../core/job.ts";
import type { Runtime } from "../core/runtime.ts";

/** A record may carry an input of 256 KiB: so many of them are in memory at once. */
export const FIND_MOST = 64;

type Asked = {
  readonly ref: Ref;
  readonly found: (job: JobRecord | undefined) => void;
  readonly failed: (error: unknown) => void;
};

export class Looks {
  readonly #runtime: Pick<Runtime, "store" | "outage">;
  readonly #asked: Asked[] = [];
  #looking = false;

  constructor(runtime: Pick<Runtime, "store" | "outage">) {
    this.#runtime = runtime;
  }

  find(ref: Ref): Promise<JobRecord | undefined> {
    return new Promise((found, failed) => {
      this.#asked.push({ ref, found, failed });
      if (this.#looking) return;
      this.#looking = true;
      // After this turn, so that those who were hinted together are looked up together.
      queueMicrotask(() => void this.#look());
    });
  }

  async #look(): Promise<void> {
    const { store, outage } = this.#runtime;
    for (let asked = this.#next(); asked.length > 0; asked = this.#next()) {
      try {
        const jobs = (await store?.engine.find(asked.map(({ ref }) => ref))) ?? [];
        outage?.answered();
        for (const [i, { found }] of asked.entries()) found(jobs[i]);
      } catch (error) {
        for (const { failed } of asked) failed(error);
      }
    }
    this.#looking = false;
  }

  #next(): readonly Asked[] {
    return this.#asked.splice(0, FIND_MOST);
  }
}
