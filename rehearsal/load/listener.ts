/**
 * Sockets that follow receipts as docs/wire.md tells clients of API Gateway to: subscribe, hear, and ask again on a
 * new socket when the old one is lost, or after silence.
 */
import { WebSocket } from "ws";
import { type Entry, isFinal, type Receipt } from "./ledger.ts";

/** A frame comes for every subscription at once; after so long without any about a receipt it is asked again. */
const SILENCE_MS = 30_000;
const LOOK_MS = 1_000;

type Followed = { readonly entry: Entry; heardAt: number; asked: number };

export class Listener {
  readonly counts = { opened: 0, lost: 0, refused: 0, askedAgain: 0, frames: 0, problems: 0 };
  readonly #url: string;
  readonly #followed = new Map<string, Followed>();
  #socket: WebSocket | undefined;
  #looking: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(port: number) {
    this.#url = `ws://127.0.0.1:${port}/socket`;
  }

  open(): void {
    this.#connect();
    this.#looking = setInterval(() => this.#look(), LOOK_MS);
  }

  follow(entry: Entry, id: string): void {
    this.#followed.set(id, { entry, heardAt: Date.now(), asked: 0 });
    this.#subscribe(id);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#looking);
    this.#socket?.close();
    this.#socket?.terminate();
  }

  #connect(): void {
    const socket = new WebSocket(this.#url, ["spillway.v1"], { handshakeTimeout: 15_000 });
    this.#socket = socket;
    let opened = false;
    socket.on("open", () => {
      opened = true;
      this.counts.opened++;
      for (const id of this.#followed.keys()) this.#subscribe(id);
    });
    socket.on("message", (data) => this.#receive(String(data)));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      if (this.#closed) return;
      if (opened) this.counts.lost++;
      else this.counts.refused++;
      setTimeout(() => this.#closed || this.#connect(), 200);
    });
  }

  #subscribe(id: string): void {
    if (this.#socket?.readyState === WebSocket.OPEN)
      this.#socket.send(JSON.stringify({ type: "subscribe", receipt: id, ref: id }));
  }

  #look(): void {
    const now = Date.now();
    for (const [id, followed] of this.#followed) {
      if (now - followed.heardAt < SILENCE_MS) continue;
      followed.heardAt = now;
      followed.asked++;
      this.counts.askedAgain++;
      this.#subscribe(id);
    }
  }

  #receive(text: string): void {
    this.counts.frames++;
    const frame = JSON.parse(text) as {
      type: string;
      ref?: string;
      receipt?: Receipt;
      problem?: { code: string };
    };
    if (frame.type === "problem") {
      this.counts.problems++;
      const followed = this.#followed.get(frame.ref ?? "");
      if (followed !== undefined) {
        // Said so that it is asked again soon, and not after the whole silence.
        followed.heardAt = Date.now() - SILENCE_MS + 2_000;
        followed.entry.problems.push(`socket: ${frame.problem?.code}`);
      }
      return;
    }
    const { receipt } = frame;
    const followed = receipt && this.#followed.get(receipt.id);
    if (frame.type !== "status" || receipt === undefined || followed === undefined) return;
    followed.heardAt = Date.now();
    if (!isFinal(receipt)) return;
    this.#followed.delete(receipt.id);
    followed.entry.final ??= receipt;
    followed.entry.heardBy ??= followed.asked > 0 ? "asked again" : "push";
  }
}
