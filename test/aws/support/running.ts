/** A test's clock that runs by itself while something is waited for, several times as fast as the machine's. */
import type { TestClock } from "../../support/test-clock.ts";

const SPEED = 4;

export async function whileRunning<T>(clock: TestClock, promised: Promise<T>): Promise<T> {
  let over = false;
  const end = () => {
    over = true;
  };
  promised.then(end, end);
  for (let last = performance.now(); !over; ) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    const passed = Math.floor(performance.now() - last);
    clock.advance(passed * SPEED);
    last += passed;
  }
  return promised;
}
