/** Waiting for a condition, never for a length of time: every wait has a bound and says what it waited for. */
import { setTimeout as delay } from "node:timers/promises";
import { deployment } from "./deployment.ts";

export const SECOND = 1_000;

/** Emulated stores take their time. */
const PATIENCE = deployment === "server" ? 1 : 3;

/** Asks until the answer is neither undefined nor false. */
export async function until<T>(
  what: string | (() => string),
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  withinMs = 10 * SECOND,
): Promise<T> {
  const end = performance.now() + PATIENCE * withinMs;
  for (let pauseMs = 4; ; pauseMs = Math.min(pauseMs * 1.5, 100)) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > end) {
      throw new Error(
        `Waited ${PATIENCE * withinMs} ms in vain: ${typeof what === "string" ? what : what()}.`,
      );
    }
    await delay(pauseMs);
  }
}

/** The promise's value, or an error that says what did not happen in time. */
export async function within<T>(what: string, promise: Promise<T>, withinMs = 10 * SECOND): Promise<T> {
  const timer = new AbortController();
  const late = delay(PATIENCE * withinMs, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`Waited ${PATIENCE * withinMs} ms in vain: ${what}.`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
    late.catch(() => undefined);
  }
}

/** Does `work` for every item, at most `width` at once, in order of the items. */
export async function eachOf<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length);
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}

export const times = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
