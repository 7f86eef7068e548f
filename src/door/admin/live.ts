/**
 * `GET /admin/live`: the figures, once a second, as Server-Sent Events. However many watch, the store is asked once a
 * second; when nobody does, not at all.
 */
import { timestamp } from "../../core/clock.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { Reply, Sink } from "../exchange.ts";
import { EVENT_STREAM, refuse } from "../replies.ts";
import { Ticker } from "../ticker.ts";
import { overview } from "./figures.ts";

export class LiveFigures {
  readonly #runtime: Runtime;
  /** Whose figures they are, and since when its totals count. */
  readonly #whose: { readonly node: string; readonly startedAt: string };
  /** Of its own, so that it starts with the first who watches. */
  readonly #ticker: Ticker;
  readonly #sinks = new Set<Sink>();
  #leaveTicker: (() => void) | undefined;
  #asking = false;
  /** About a second old at most, for whoever comes between two ticks. */
  #latest: string | undefined;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#whose = { node: runtime.node, startedAt: timestamp(runtime.clock.now()) };
    this.#ticker = new Ticker(runtime.clock);
    // A stream that never ends would hold the server up until it is cut off.
    runtime.drain.onBegin(() => this.#endAll());
  }

  reply(): Reply {
    if (this.#runtime.drain.begun) {
      throw refuse("draining", "The server is shutting down.", ["retry-after", "5"]);
    }
    return { status: 200, headers: EVENT_STREAM, body: "", stream: (sink) => this.#join(sink) };
  }

  #join(sink: Sink): void {
    this.#sinks.add(sink);
    sink.onClose(() => this.#leave(sink));
    if (!this.#sinks.has(sink)) return;
    if (this.#latest !== undefined) sink.write(this.#latest);
    if (this.#leaveTicker) return;
    this.#leaveTicker = this.#ticker.add(() => void this.#tell());
    void this.#tell();
  }

  #leave(sink: Sink): void {
    this.#sinks.delete(sink);
    if (this.#sinks.size > 0) return;
    this.#leaveTicker?.();
    this.#leaveTicker = undefined;
    this.#latest = undefined;
  }

  #endAll(): void {
    for (const sink of [...this.#sinks]) sink.end();
  }

  async #tell(): Promise<void> {
    // A store that takes longer than a second is not asked again before it has answered.
    if (this.#asking) return;
    this.#asking = true;
    const event = await this.#event();
    this.#asking = false;
    if (this.#sinks.size === 0) return;
    // Whoever watches connects again, perhaps to a node that can tell.
    if (event === undefined) return this.#endAll();
    this.#latest = event;
    for (const sink of [...this.#sinks]) sink.write(event);
  }

  async #event(): Promise<string | undefined> {
    try {
      const at = timestamp(this.#runtime.clock.now());
      const figures = { at, ...this.#whose, ...(await overview(this.#runtime)) };
      return `event: figures\ndata: ${JSON.stringify(figures)}\n\n`;
    } catch {
      return undefined;
    }
  }
}
