/** A reader of Server-Sent Events, written from the standard: fields, comments, blank lines. */
import type { IncomingMessage } from "node:http";
import type { Client, Headers } from "./client.ts";
import { until, within } from "./wait.ts";

export type StreamEvent = {
  readonly event: string;
  readonly data: string;
  readonly id: string | undefined;
};

export class EventStream {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly events: StreamEvent[] = [];
  comments = 0;
  /** Resolves when the server has ended the stream. */
  readonly ended: Promise<void>;
  readonly #message: IncomingMessage;
  #rest = "";

  constructor(message: IncomingMessage) {
    this.#message = message;
    this.status = message.statusCode ?? 0;
    this.headers = message.headers;
    this.ended = new Promise((resolve) => message.once("end", () => resolve()));
    message.on("error", () => undefined);
    message.setEncoding("utf8").on("data", (text: string) => {
      this.#rest += text;
      const blocks = this.#rest.split("\n\n");
      this.#rest = blocks.pop() ?? "";
      for (const block of blocks) this.#take(block);
    });
  }

  #take(block: string): void {
    const fields = new Map<string, string>();
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      if (colon === 0) this.comments++;
      else if (colon > 0) {
        const name = line.slice(0, colon);
        const value = line.slice(colon + 1).replace(/^ /, "");
        const before = fields.get(name);
        fields.set(name, name === "data" && before !== undefined ? `${before}\n${value}` : value);
      }
    }
    const data = fields.get("data");
    if (data !== undefined) {
      this.events.push({ event: fields.get("event") ?? "message", data, id: fields.get("id") });
    }
  }

  when(what: string, wanted: (event: StreamEvent) => boolean, withinMs?: number): Promise<StreamEvent> {
    return until(
      () => `an event ${what}; so far ${JSON.stringify(this.events)}`,
      () => this.events.find(wanted),
      withinMs,
    );
  }

  async all(withinMs?: number): Promise<readonly StreamEvent[]> {
    await within("the stream ends", this.ended, withinMs);
    return this.events;
  }

  close(): void {
    this.#message.destroy();
  }
}

export async function openEvents(client: Client, path: string, headers: Headers = {}): Promise<EventStream> {
  return new EventStream(await client.open(path, { headers: { accept: "text/event-stream", ...headers } }));
}
