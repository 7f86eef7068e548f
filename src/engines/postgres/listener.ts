/**
 * The connection that listens, and over which this node tells the others. It says every other second that it is there,
 * so that a node which is alone tells nobody anything. At the start it finds out whether it can hear at all: behind a
 * pooler that lends connections by the transaction, LISTEN is another's a moment later.
 */
import type { Clock, Timer } from "../../core/clock.ts";
import { configurationError } from "../../core/errors.ts";
import { channelOf, telling } from "./channel.ts";
import type { Connections } from "./connection.ts";
import { described } from "./failures.ts";
import { Line, type Naming } from "./line.ts";
import type { Notices } from "./notices.ts";
import type { Address } from "./options.ts";
import { Deadline } from "./pauses.ts";

/** On a healthy network it takes less than a millisecond. */
const HEARS_WITHIN_MS = 1_000;
const PRESENT_MS = 2_000;
/** Another that was not heard of for so long is gone, or cannot be heard. */
const GONE_MS = 10_000;
/** Whoever hears nothing looks so often whether it is still the same server. */
const LOOK_MS = 2_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

export const DEAF =
  "LISTEN hears nothing here, as behind a pooler in transaction mode: what other nodes change is seen within a second. Give postgres() a URL that leads straight to the server: { listen: … }.";

export type ListenerHost = {
  /** Where to listen; `false`: nowhere. */
  readonly address: Address | false;
  readonly schemaName: string;
  readonly node: string;
  readonly naming: Naming;
  readonly connections: Connections;
  readonly notices: Notices;
  readonly clock: Clock;
  /** The way may lead to another server now: a connection was lost, and there is one again; or nothing would tell. */
  readonly onReturn: () => Promise<void>;
};

/** What follows a node's name where it says no more than that it is there. */
const NEW = "\nn";
const STILL = "";

export class Listener {
  readonly #host: ListenerHost;
  readonly #channel: string;
  #line: Line | undefined;
  #timer: Timer | undefined;
  /** When another node was heard last. */
  #othersAt = Number.NEGATIVE_INFINITY;
  #pauseMs = FIRST_PAUSE_MS;
  #isClosed = false;
  #onOwn: ((payload: string) => void) | undefined;

  constructor(host: ListenerHost) {
    this.#host = host;
    this.#channel = channelOf(host.schemaName);
  }

  /** Answers whether it hears, where it was told to listen. What it cannot hear it still tells, since others may. */
  async start(): Promise<boolean> {
    const { address, notices } = this.#host;
    const hears = address !== false && (await this.#hears(address).catch(refuse));
    if (hears) this.#present(NEW);
    else {
      notices.tellBy((payloads) => this.#tell(payloads));
      this.#lookAgain();
    }
    return hears || address === false;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#host.notices.tellBy(undefined);
    await this.#line?.close();
  }

  /** Told over another connection: over this one, a pooler might pass it on by chance. */
  async #hears(address: Address): Promise<boolean> {
    const line = await this.#listening(address);
    const heard = Promise.withResolvers<boolean>();
    const deadline = new Deadline(HEARS_WITHIN_MS, () => heard.resolve(false));
    this.#onOwn = () => heard.resolve(true);
    let hears = false;
    try {
      await this.#tell([this.#host.node]);
      hears = await heard.promise;
    } finally {
      deadline.cancel();
      this.#onOwn = undefined;
      if (!hears) await this.#leave(line);
    }
    if (hears) this.#use(line, address);
    return hears;
  }

  /** So that whoever the pooler lends that connection to next is not told what is for nodes, if it is still free. */
  async #leave(line: Line): Promise<void> {
    await line.send({ text: `UNLISTEN ${this.#channel}` }).catch(() => {});
    await line.close();
  }

  async #listening(address: Address): Promise<Line> {
    const line = await Line.open(address, this.#host.naming, "spillway listen");
    line.client.on("notification", ({ channel, payload = "" }) => {
      if (channel === this.#channel) this.#heard(payload);
    });
    try {
      await line.send({ text: `LISTEN ${this.#channel}` });
    } catch (error) {
      await line.close();
      throw error;
    }
    return line;
  }

  #use(line: Line, address: Address): void {
    this.#line = line;
    this.#pauseMs = FIRST_PAUSE_MS;
    line.onBroken(() => {
      this.#line = undefined;
      this.#timer?.cancel();
      this.#return(address);
    });
  }

  /** Tries with growing pauses until there is a connection again. What is told meanwhile is lost, as hints may be. */
  #return(address: Address): void {
    if (this.#isClosed) return;
    const again = async () => {
      try {
        const line = await this.#listening(address);
        try {
          await this.#host.onReturn();
        } catch (error) {
          await line.close();
          throw error;
        }
        if (this.#isClosed) return void line.close();
        this.#use(line, address);
        this.#present(NEW);
      } catch {
        this.#return(address);
      }
    };
    this.#timer = this.#host.clock.after(this.#pauseMs, () => void again());
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
  }

  /** Of a server that others put in the place of this one, a pooler's clients notice nothing. */
  #lookAgain(): void {
    if (this.#isClosed) return;
    const { clock, onReturn } = this.#host;
    const again = () => this.#lookAgain();
    this.#timer = clock.after(LOOK_MS, () => void onReturn().then(again, again));
  }

  /** Says that it is there, now and again and again. */
  #present(how: typeof NEW | typeof STILL): void {
    if (this.#isClosed || !this.#line) return;
    const { clock, notices } = this.#host;
    if (clock.monotonic() - this.#othersAt > GONE_MS) notices.tellBy(undefined);
    const next = () => {
      // A connection that broke meanwhile has set the timer for the next one.
      if (!this.#line) return;
      this.#timer?.cancel();
      this.#timer = clock.after(PRESENT_MS, () => this.#present(STILL));
    };
    this.#tell([this.#host.node + how]).then(next, next);
  }

  #heard(payload: string): void {
    const { notices, clock } = this.#host;
    if (!notices.heard(payload)) return this.#onOwn?.(payload);
    const isAlone = this.#othersAt === Number.NEGATIVE_INFINITY;
    this.#othersAt = clock.monotonic();
    notices.tellBy((payloads) => this.#tell(payloads));
    // It knows of nobody yet.
    if (payload.endsWith(NEW) || isAlone) this.#present(STILL);
  }

  /** Over the connection that listens, where there is one. */
  #tell(payloads: readonly string[]): Promise<unknown> {
    const told = telling(this.#channel, payloads);
    return this.#line ? this.#line.send(...told) : this.#host.connections.read(...told);
  }
}

/** The database has answered before, so it is the way to it that is wrong. */
function refuse(error: unknown): never {
  throw configurationError(
    `postgres() cannot listen: ${described(error)}.`,
    "Give it a URL that leads straight to the server, { listen: … }, or { listen: false } to do without.",
  );
}
