/** Calls that come all at once are begun a few at a time, so that those that run are not held up by those that come. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Body } from "../../src/door/exchange.ts";
import { CALLS_A_TURN, Turns } from "../../src/node/turns.ts";

const BODY: Body = { kind: "read", bytes: new Uint8Array(0) };

suite("a turn of the event loop", () => {
  test("begins calls at once until it has begun its share", () => {
    const { begun, come } = calls();
    come(CALLS_A_TURN + 1);
    assert.equal(begun.length, CALLS_A_TURN);
  });

  test("leaves the others to the turns after it, a share each, in the order in which they came", async () => {
    const { begun, come } = calls();
    come(2 * CALLS_A_TURN + 1);
    await turn();
    assert.equal(begun.length, 2 * CALLS_A_TURN);
    come(1);
    await turn();
    assert.deepEqual(
      begun,
      Array.from({ length: 2 * CALLS_A_TURN + 2 }, (_, n) => n),
      "whoever comes meanwhile comes after those that wait",
    );
  });

  test("lets whatever else is due happen before the last of them", async () => {
    const { begun, come } = calls();
    come(3 * CALLS_A_TURN);
    await turn();
    assert.equal(begun.length, 2 * CALLS_A_TURN);
  });

  test("begins at once again when nobody waits any more", async () => {
    const { begun, come } = calls();
    come(CALLS_A_TURN + 1);
    await turn();
    await turn();
    come(1);
    assert.equal(begun.length, CALLS_A_TURN + 2);
  });
});

function calls() {
  const turns = new Turns();
  const begun: number[] = [];
  let came = 0;
  const come = (count: number): void => {
    for (let left = count; left > 0; left--) {
      const n = came++;
      turns.begin(() => begun.push(n), BODY);
    }
  };
  return { begun, come };
}
