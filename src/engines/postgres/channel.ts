/** The channel over which the nodes that share a schema tell each other, and how payloads are sent over it. */
import { createHash } from "node:crypto";
import { texts } from "./arrays.ts";
import { statement } from "./fragments.ts";
import type { Statement, Value } from "./line.ts";

const TELL = statement(
  "spillway_tell",
  "SELECT count(pg_notify($1, payload)) FROM unnest($2::text[]) AS payload",
);

/** A channel's name is as short as a schema's may be. */
export function channelOf(schemaName: string): string {
  return `spillway_${createHash("sha256").update(schemaName).digest("hex").slice(0, 20)}`;
}

export function telling(
  channel: string,
  payloads: readonly string[],
): readonly [Statement, readonly Value[]] {
  return [TELL, [channel, texts(payloads)]];
}
