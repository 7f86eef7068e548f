/** What all requests of one server share. */
import type { Door } from "../door/exchange.ts";
import type { HostRule } from "./framing.ts";
import type { ResponseSink } from "./sink.ts";

export type Site = {
  readonly door: Door;
  readonly hostRule: HostRule;
  /** For what the people who run the server should know. */
  readonly complain: (line: string) => void;
  /** Replies that still go on. */
  readonly sinks: Set<ResponseSink>;
  /** No reply keeps its connection any more. */
  stopping: boolean;
};

const LOGGED_CHARACTERS = 2_048;

/** What was thrown, for the log: what a peer sent cannot forge a line, colour it or fill the disk. */
export function describe(thrown: unknown): string {
  const text = thrown instanceof Error ? (thrown.stack ?? String(thrown)) : String(thrown);
  return text
    .slice(0, LOGGED_CHARACTERS)
    .replace(/\n\s+/g, " | ")
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) =>
      JSON.stringify(character).slice(1, -1),
    );
}
