/** What is read on a thread that also serves is read in steps, with room for other work between them. */

/** A step over rows that do not match takes about 2 ms. */
export const ROWS_A_STEP = 2_000;

/** Lets everything that waits on this thread go first; a message to itself, as timers belong to the clock. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
