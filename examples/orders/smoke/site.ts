/** A deployment of the orders example as its clients see it: calls, receipts, its socket. Judges nothing. */
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { member } from "../client.ts";
import { isFinal, type Receipt } from "../receipts.ts";

/** Where each of its addresses is; one server has them all at one. */
export type Addresses = {
  readonly http: string;
  readonly socket: string;
  /** Of event streams, where they have an address of their own. */
  readonly events: string;
  /** Of operations that API Gateway puts into their queue by itself. */
  readonly direct: string | undefined;
};

export type Answer = { readonly status: number; readonly headers: Headers; readonly body: unknown };
export type Order = { readonly sku: string; readonly quantity: number; readonly customer?: string };
export type Headings = Readonly<Record<string, string>>;

const SILENCE_MS = 60_000;
/** A receipt is asked for less and less often, as a patient client would. */
const FIRST_LOOK_MS = 200;
const LAST_LOOK_MS = 3_000;
const SILENT_MS = 30_000;

export class Site {
  readonly addresses: Addresses;
  readonly token: string | undefined;
  readonly #patienceMs: number;

  constructor(addresses: Addresses, token: string | undefined, patienceMs: number) {
    this.addresses = addresses;
    this.token = token;
    this.#patienceMs = patienceMs;
  }

  /** As long as a server holds an answer at most, or as anybody here waits. */
  get longestWaitSeconds(): number {
    return Math.min(25, Math.floor(this.#patienceMs / 1_000));
  }

  call(operation: string, input: unknown, headers: Headings = {}): Promise<Answer> {
    return this.ask("POST", `${this.addresses.http}/operations/${operation}`, headers, input);
  }

  /** A path, or a whole address, as a direct call's `Location` is one. */
  get(path: string): Promise<Answer> {
    return this.ask("GET", path.startsWith("/") ? `${this.addresses.http}${path}` : path);
  }

  /** With the administrator's token, if there is one. */
  administer(method: string, path: string, input?: unknown): Promise<Answer> {
    const headers: Headings = this.token === undefined ? {} : { authorization: `Bearer ${this.token}` };
    return this.ask(method, `${this.addresses.http}/admin/${path}`, headers, input);
  }

  async ask(method: string, url: string, headers: Headings = {}, input?: unknown): Promise<Answer> {
    const response = await this.#fetch(url, {
      method,
      headers: input === undefined ? headers : { "content-type": "application/json", ...headers },
      ...(input !== undefined && { body: JSON.stringify(input) }),
      signal: AbortSignal.timeout(SILENCE_MS),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parsed(text) };
  }

  /** The receipt once it is as it should be; final, unless something else is said. */
  async receipt(path: string, isThere: (receipt: Receipt) => boolean = isFinal): Promise<Receipt> {
    let last: Answer | undefined;
    const found = await this.until(`The receipt ${path} to change`, async () => {
      last = await this.get(path);
      const receipt = last.body as Receipt;
      return last.status === 200 && isThere(receipt) ? receipt : undefined;
    }).catch((error: Error) => {
      throw new Error(`${error.message} It answers ${last?.status} ${JSON.stringify(last?.body)}`);
    });
    return found;
  }

  /** Looks until there is something, with more and more time between. */
  async until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const started = performance.now();
    for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(LAST_LOOK_MS, waitMs * 1.5)) {
      const found = await look();
      if (found !== undefined) return found;
      if (performance.now() - started > this.#patienceMs)
        throw new Error(`${what} was waited for in vain for ${this.#patienceMs / 1_000} s.`);
      await sleep(waitMs);
    }
  }

  /** The states of a receipt as they are streamed, the last one at the end; or the answer, where it is no stream. */
  async stream(path: string): Promise<Answer | readonly Receipt[]> {
    const response = await this.#fetch(`${this.addresses.events}${path}/events`, {
      headers: { accept: "text/event-stream" },
      signal: AbortSignal.timeout(this.#patienceMs),
    });
    const text = await response.text();
    if (response.status !== 200)
      return { status: response.status, headers: response.headers, body: parsed(text) };
    return [...text.matchAll(/^data: ?(.*)$/gm)].map(([, data]) => parsed(data ?? "") as Receipt);
  }

  connect(): Promise<Frames> {
    return Frames.open(this.addresses.socket, this.#patienceMs);
  }

  async #fetch(url: string, options: RequestInit): Promise<Response> {
    try {
      return await fetch(url, options);
    } catch (error) {
      const why =
        (error as Error).cause instanceof Error ? (error as { cause: Error }).cause : (error as Error);
      throw new Error(`No answer from ${url}: ${why.message}`);
    }
  }
}

/** One connection; whoever waits for a frame gets the first that fits, whenever it came. */
export class Frames {
  readonly #socket: WebSocket;
  readonly #patienceMs: number;
  readonly #heard: unknown[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(socket: WebSocket, patienceMs: number) {
    this.#socket = socket;
    this.#patienceMs = patienceMs;
    const tell = () => {
      for (const look of this.#waiting) look();
    };
    socket.on("message", (data) => {
      this.#heard.push(parsed(String(data)));
      tell();
    });
    socket.on("close", tell);
  }

  static open(url: string, patienceMs: number): Promise<Frames> {
    const socket = new WebSocket(url, ["spillway.v1"], { handshakeTimeout: 30_000 });
    return new Promise((resolve, reject) => {
      socket.once("open", () => resolve(new Frames(socket, patienceMs)));
      socket.once("error", (error) => reject(new Error(`No socket at ${url}: ${error.message}`)));
    });
  }

  send(frame: object): void {
    this.#socket.send(JSON.stringify(frame));
  }

  heard<T>(what: string, fits: (frame: unknown) => T | undefined, patienceMs = this.#patienceMs): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(givingUp);
        this.#waiting.delete(look);
        settle();
      };
      const lost = (why: string) =>
        end(() =>
          reject(new Error(`${what} ${why}; of ${this.#heard.length} frames the last is ${this.#last()}.`)),
        );
      const givingUp = setTimeout(() => lost(`was not heard within ${patienceMs / 1_000} s`), patienceMs);
      const look = () => {
        for (const frame of this.#heard) {
          const found = fits(frame);
          if (found !== undefined) return end(() => resolve(found));
        }
        if (this.#socket.readyState !== WebSocket.OPEN) lost("was not heard before the socket closed");
      };
      this.#waiting.add(look);
      look();
    });
  }

  /**
   * A receipt's final state, and how often it was asked for again: a gateway's pushes are best effort, so a client
   * asks after half a minute in which it heard nothing of it.
   */
  async final(id: string): Promise<{ readonly receipt: Receipt; readonly askedAgain: number }> {
    const fits = (frame: unknown) => {
      const receipt = member(frame, "receipt") as Receipt | undefined;
      return member(frame, "type") === "status" && receipt?.id === id && isFinal(receipt)
        ? receipt
        : undefined;
    };
    const rounds = Math.ceil(this.#patienceMs / SILENT_MS);
    for (let askedAgain = 0; ; askedAgain++) {
      const patienceMs = askedAgain + 1 < rounds ? SILENT_MS : this.#patienceMs - askedAgain * SILENT_MS;
      try {
        return { receipt: await this.heard(`The end of ${id}`, fits, patienceMs), askedAgain };
      } catch (error) {
        if (askedAgain + 1 >= rounds || this.#socket.readyState !== WebSocket.OPEN) throw error;
        this.follow(id);
      }
    }
  }

  follow(id: string): void {
    this.send({ type: "subscribe", receipt: id, ref: id });
  }

  answer(ref: string): Promise<unknown> {
    return this.heard(`The answer to ${ref}`, (frame) => (member(frame, "ref") === ref ? frame : undefined));
  }

  close(): void {
    this.#socket.close();
  }

  #last(): string {
    return this.#heard.length === 0 ? "none" : JSON.stringify(this.#heard.at(-1));
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text === "" ? undefined : text;
  }
}
