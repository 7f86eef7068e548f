/** How much one socket may ask for (docs/wire.md §3), whatever keeps it. */
export const LONGEST_FRAME = 64 * 1024;
export const LONGEST_ID = 256;
/** Receipts followed, and calls that may become one. */
export const MOST_FOLLOWED = 1_000;
export const MOST_CALLS = 64;

export const TOO_MANY = `One socket follows ${MOST_FOLLOWED} receipts at most; unsubscribe from some, or open another.`;
