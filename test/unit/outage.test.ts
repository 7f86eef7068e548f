import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { SpillwayError } from "../../src/core/errors.ts";
import { Outage } from "../../src/core/outage.ts";
import { Streak } from "../../src/core/streak.ts";
import { TestClock } from "../support/test-clock.ts";

const PLACE = { operation: "work", id: "one", attempt: 1 };

suite("a store that is away", () => {
  test("is said once, whoever misses it, and once that it is back and after how long", () => {
    const { clock, said, outage } = telling();
    const [polls, sweeps] = [new Streak(outage), new Streak(outage)];
    for (let second = 0; second < 10; second++) {
      polls.failed(away("refused"));
      sweeps.failed(away("silent"));
      clock.advance(1_000);
    }
    assert.deepEqual(said, ["refused"]);
    for (let second = 0; second < 10; second++) {
      polls.over();
      sweeps.over();
      clock.advance(1_000);
    }
    assert.deepEqual(said, ["refused", "The store answers again, after 10 s."]);
    polls.failed(away("gone again"));
    assert.deepEqual(said.slice(2), ["gone again"]);
  });

  test("is not back while some of what it is asked fails", () => {
    const { clock, said, outage } = telling();
    const [reads, writes] = [new Streak(outage), new Streak(outage)];
    for (let second = 0; second < 30; second++) {
      reads.over();
      writes.failed(away("full"));
      clock.advance(1_000);
    }
    assert.deepEqual(said, ["full"]);
  });

  test("is said again after a minute, with what it is by then", () => {
    const { clock, said, outage } = telling();
    const polls = new Streak(outage);
    for (let second = 0; second < 90; second++) {
      polls.failed(away(second < 30 ? "silent" : "password"));
      clock.advance(1_000);
    }
    assert.deepEqual(said, ["silent", "password"]);
  });

  test("hides nothing else that fails, nor what becomes of a handler", () => {
    const { said, outage } = telling();
    outage.onError(away("silent"));
    outage.onError(new TypeError("a mistake"));
    outage.onError(away("missed by a handler"), PLACE);
    assert.deepEqual(said, ["silent", "a mistake", "missed by a handler"]);
  });
});

function away(why: string): SpillwayError {
  return new SpillwayError("storage-unavailable", why);
}

function telling() {
  const clock = new TestClock();
  const said: string[] = [];
  const tell = (error: unknown) => void said.push(error instanceof Error ? error.message : String(error));
  const outage = new Outage(clock, tell, (text) => void said.push(text));
  return { clock, said, outage: { onError: outage.onError, outage } };
}
