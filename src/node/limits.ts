/** The numbers that a peer can run into, in one place; docs/wire.md §3 and §6 promise most of them. */

export const URL_BYTES = 16_384;
export const HEADER_BYTES = 16_384;
export const HEADER_COUNT = 2_000;
/** What the parser takes: so much more that a long URL and long headers can be told apart afterwards. */
export const PARSER_BYTES = 49_152;

export const HEADERS_MS = 2_000;
export const WHOLE_REQUEST_MS = 300_000;
/**
 * Unless another is set. Announced to the client; it is cut a second later, so that its last request does not meet a
 * closed door.
 */
export const KEEP_ALIVE_MS = 4_000;
export const KEEP_ALIVE_GRACE_MS = 1_000;

/** One coarse ticker watches all connections, rather than a timer per request. */
export const TICK_MS = 250;
/** More than this between two ticks was the server's own standstill, which no peer has to answer for. */
export const LONGEST_TICK_MS = 2 * TICK_MS;

export const BODY_QUIET_MS = 5_000;
export const WRITE_STALL_MS = 10_000;
export const LINGER_MS = 1_000;

/** A peer that leaves more than this of a stream unread is cut. */
export const BUFFERED_BYTES = 1_048_576;
/** A longer reply goes out in pieces of this size, so that a slow reader can be told from a stalled one. */
export const PIECE_BYTES = 65_536;
/** An unread body up to this length is read and thrown away, to keep the connection. */
export const DISCARD_BYTES = 65_536;

export const FRAME_BYTES = 65_536;
export const PING_MS = 30_000;
export const CLOSE_MS = 5_000;
/** How long replies say that their connection ends before the server stops listening. */
export const LAST_WORD_MS = 250;
/** How long replies in flight may take after the server stopped listening. */
export const LAST_REPLIES_MS = 5_000;
