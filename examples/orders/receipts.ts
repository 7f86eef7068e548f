/**
 * Follows receipts over the socket until each is final: one subscription for each, all on one connection, which is
 * opened anew when it is lost. Nothing is missed meanwhile: a subscription is answered with the state as it is then.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { member } from "./client.ts";

export type Receipt = {
  readonly id: string;
  readonly status: "queued" | "running" | "succeeded" | "failed" | "cancelled";
  readonly revision: number;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly updatedAt: string;
  readonly availableAt: string;
  readonly progress?: { readonly ratio?: number; readonly message?: string };
  readonly output?: unknown;
  readonly error?: { readonly title: string; readonly status: number; readonly code: string };
};

export type Problem = { readonly title?: string; readonly code?: string; readonly detail?: string };

export function isFinal({ status }: Receipt): boolean {
  return status === "succeeded" || status === "failed" || status === "cancelled";
}

export type Listener = {
  /** The receipt as it is now, at once and with every change; repeats are possible. */
  readonly onReceipt: (receipt: Receipt) => void;
  /** What the server says to a subscription that it refuses. */
  readonly onProblem: (problem: Problem, id: string | undefined) => void;
  /** The connection ended, or could not be opened again; it is tried again by itself. */
  readonly onLost?: (error: Error) => void;
  readonly onBack?: () => void;
};

/** No ping of the server's for so long: it sends one every 30 s, so the connection is dead. */
const SILENCE_MS = 75_000;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;
/** Subscriptions at once, in the order in which they were asked for: a socket takes no more than 1,000. */
const MOST_AT_ONCE = 500;
const REFUSED_WAIT_MS = 500;

export class ReceiptSocket {
  readonly #url: string;
  readonly #listener: Listener;
  /** Not subscribed to yet, in order. */
  readonly #waiting = new Set<string>();
  readonly #subscribed = new Set<string>();
  #socket: WebSocket | undefined;
  #closed = false;
  #tries = 0;
  #silence: NodeJS.Timeout | undefined;

  constructor(url: string, listener: Listener) {
    this.#url = `${url.replace(/^http/, "ws").replace(/\/$/, "")}/socket`;
    this.#listener = listener;
  }

  /** Rejects when no connection can be opened now; later losses are mended. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => this.#connect(resolve, reject));
  }

  follow(id: string): void {
    this.#waiting.add(id);
    this.#subscribe();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#silence);
    this.#socket?.close();
  }

  #subscribe(): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    for (const id of this.#waiting) {
      if (this.#subscribed.size >= MOST_AT_ONCE) return;
      this.#waiting.delete(id);
      this.#subscribed.add(id);
      this.#socket.send(JSON.stringify({ type: "subscribe", receipt: id, ref: id }));
    }
  }

  #connect(opened: () => void, failed: (error: Error) => void): void {
    const socket = new WebSocket(this.#url, ["spillway.v1"], { handshakeTimeout: 5_000 });
    this.#socket = socket;
    let wasOpen = false;
    let lastError: Error | undefined;
    socket.on("open", () => {
      wasOpen = true;
      this.#tries = 0;
      this.#hear();
      this.#subscribe();
      opened();
    });
    socket.on("message", (data) => this.#receive(String(data)));
    socket.on("ping", () => this.#hear());
    socket.on("error", (error) => {
      lastError = error;
    });
    socket.on("close", (code, reason) => {
      clearTimeout(this.#silence);
      if (this.#closed) return;
      const error = lastError ?? new Error(String(reason) || `It was closed with code ${code}.`);
      if (wasOpen) void this.#again(error);
      else failed(error);
    });
  }

  async #again(error: Error): Promise<void> {
    for (const id of this.#subscribed) this.#waiting.add(id);
    this.#subscribed.clear();
    const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#tries++) * (0.5 + Math.random() / 2);
    this.#listener.onLost?.(error);
    await sleep(waitMs);
    if (this.#closed) return;
    this.#connect(
      () => this.#listener.onBack?.(),
      (failure) => void this.#again(failure),
    );
  }

  #hear(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#socket?.terminate(), SILENCE_MS);
    this.#silence.unref();
  }

  #receive(text: string): void {
    this.#hear();
    const frame: unknown = JSON.parse(text);
    const type = member(frame, "type");
    if (type === "status") {
      const receipt = member(frame, "receipt") as Receipt;
      if (isFinal(receipt)) this.#done(receipt.id);
      this.#listener.onReceipt(receipt);
    } else if (type === "problem") {
      this.#refused(member(frame, "ref"), (member(frame, "problem") ?? {}) as Problem);
    }
  }

  #refused(ref: unknown, problem: Problem): void {
    const id = typeof ref === "string" ? ref : undefined;
    if (id !== undefined && problem.code === "quota-exceeded") {
      this.#subscribed.delete(id);
      this.#waiting.add(id);
      setTimeout(() => this.#subscribe(), REFUSED_WAIT_MS);
      return;
    }
    if (id !== undefined) this.#done(id);
    this.#listener.onProblem(problem, id);
  }

  #done(id: string): void {
    this.#subscribed.delete(id);
    this.#subscribe();
  }
}
