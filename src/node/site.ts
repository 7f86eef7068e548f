/** What all requests of one server share. */
import type { Door } from "../door/exchange.ts";
import type { HostRule } from "./framing.ts";
import type { ResponseSink } from "./sink.ts";
import type { Turns } from "./turns.ts";

export type Site = {
  readonly door: Door;
  readonly hostRule: HostRule;
  /** For what the people who run the server should know. */
  readonly complain: (line: string) => void;
  readonly turns: Turns;
  /** Replies that still go on. */
  readonly sinks: Set<ResponseSink>;
  /** No reply keeps its connection any more. */
  stopping: boolean;
};
