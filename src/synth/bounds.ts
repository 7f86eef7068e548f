/** What AWS allows at most and at least, and what we keep of it: numbers that more than one decision is made by. */

/** Invocations of one queue at once. */
export const LEAST_INVOCATIONS = 2;
export const MOST_INVOCATIONS = 1_000;
/** Of one invocation. */
export const LONGEST_FUNCTION_S = 900;
/** Of an invocation's time: for a cold start, the claims before and the settlements after. */
export const OVERHEAD_S = 10;
/** The gateway gives up on a function after this long; a call at once must leave time to answer. */
export const GATEWAY_MS = 30_000;
export const LONGEST_AT_ONCE_MS = 28_000;
/** Open at once: each holds a function as long as it lasts. */
export const EVENT_STREAMS = 50;
