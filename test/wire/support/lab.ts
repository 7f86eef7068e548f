/** The test app `lab` and what a test does with it: tell a handler what to do, see its runs, let it go. */
import { randomUUID } from "node:crypto";
import type { Run, Scene } from "../apps/world.ts";
import type { Answer, Client, Headers } from "./client.ts";
import { type Server, type StartOptions, startApp } from "./server.ts";
import { times, until } from "./wait.ts";

export type Acted = { readonly tag: string; readonly id: string; readonly run: number };

export type Busy = AsyncDisposable & {
  /** Lets the held calls go and gives their answers. */
  readonly release: () => Promise<readonly Answer[]>;
};

let tags = 0;

/** A name that no other test uses. */
export const fresh = (what = "tag"): string => `${what}-${++tags}-${randomUUID().slice(0, 8)}`;

export class Lab {
  readonly server: Server;
  readonly client: Client;

  constructor(server: Server) {
    this.server = server;
    this.client = server.client;
  }

  static async start(app = "lab", options: StartOptions = {}): Promise<Lab> {
    return new Lab(await startApp(app, options));
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  act(operation: string, tag: string, plan: readonly string[], headers: Headers = {}): Promise<Answer> {
    return this.client.call(operation, { tag, plan }, headers);
  }

  world(place: string): Promise<Scene> {
    return this.server.ask<Scene>("world", place);
  }

  async runs(place: string): Promise<readonly Run[]> {
    return (await this.world(place)).runs;
  }

  /** Everything that a `hold` or `deaf` step of this tag waits for has happened. */
  release(tag: string): Promise<boolean> {
    return this.server.ask<boolean>("release", tag);
  }

  /** Waits until handlers of a tag are at work. */
  atWork(tag: string, handlers = 1): Promise<Scene> {
    return until(`${handlers} handlers of ${tag} at work`, async () => {
      const scene = await this.world(tag);
      return scene.inside >= handlers && scene;
    });
  }

  /** Waits until a tag has been run so many times, to the end. */
  ended(tag: string, runs = 1): Promise<readonly Run[]> {
    return until(`${runs} runs of ${tag} ended`, async () => {
      const all = await this.runs(tag);
      return all.filter(({ ended }) => ended).length >= runs && all;
    });
  }

  /** Takes slots of a family's resource until disposed of. */
  async occupy(family: string, slots = 1, operation = `${family}-request`): Promise<Busy> {
    const tag = fresh("busy");
    const calls = times(slots).map(() =>
      until("a slot is free to be taken", async () => {
        const answer = await this.act(operation, tag, ["hold"]);
        return answer.status !== 503 && answer;
      }),
    );
    await this.atWork(tag, slots);
    const release = async () => {
      await this.release(tag);
      return Promise.all(calls);
    };
    return {
      release,
      [Symbol.asyncDispose]: async () => {
        await release();
      },
    };
  }
}
