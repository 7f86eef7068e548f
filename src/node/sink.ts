/** A reply that goes on after its headers. A peer that does not read it is cut off rather than buffered for. */
import type { ServerResponse } from "node:http";
import type { Sink } from "../door/exchange.ts";
import { BUFFERED_BYTES } from "./limits.ts";

export class ResponseSink implements Sink {
  readonly #response: ServerResponse;
  #closed: boolean;
  #onClose: (() => void)[] = [];

  constructor(response: ServerResponse) {
    this.#response = response;
    this.#closed = response.destroyed;
    response.on("close", () => this.#close());
  }

  write(text: string): void {
    if (this.#closed) return;
    this.#response.write(text);
    if (this.#response.writableLength > BUFFERED_BYTES) this.#response.destroy();
  }

  end(): void {
    if (this.#closed) return;
    this.#response.end();
    this.#close();
  }

  onClose(run: () => void): void {
    if (this.#closed) run();
    else this.#onClose.push(run);
  }

  #close(): void {
    this.#closed = true;
    const waiting = this.#onClose;
    this.#onClose = [];
    for (const run of waiting) run();
  }
}
