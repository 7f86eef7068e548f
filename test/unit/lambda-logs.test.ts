// What functions leave in their log: lines and metrics that CloudWatch can read without being told more.
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import { Complaints } from "../../src/lambda/complaints.ts";
import { Measures } from "../../src/lambda/measures.ts";
import { functionContext } from "../support/function-events.ts";

type Line = Readonly<Record<string, unknown>>;

/** The lines of JSON that are written meanwhile. */
async function written(t: TestContext, run: () => Promise<void>): Promise<readonly Line[]> {
  const lines: Line[] = [];
  const spies = [process.stdout, process.stderr].map((stream) => {
    const write = stream.write.bind(stream) as (...all: unknown[]) => boolean;
    return t.mock.method(stream, "write", (...all: unknown[]) => {
      const [chunk] = all;
      if (typeof chunk !== "string" || !chunk.startsWith("{")) return write(...all);
      lines.push(JSON.parse(chunk));
      return true;
    });
  });
  await run();
  for (const spy of spies) spy.mock.restore();
  return lines;
}

suite("the log of a function", () => {
  test("says what a handler threw, of which job, in which request", async (t) => {
    const lines = await written(t, async () => {
      const complaints = new Complaints();
      complaints.begin(functionContext());
      complaints.say(new TypeError("no such table"), { operation: "work", id: "job-1", attempt: 2 });
      await complaints.said();
    });
    assert.equal(lines.length, 1);
    const [{ level, message, operation, id, attempt, function_request_id, error }] = lines as [Line];
    assert.deepEqual([level, message], ["ERROR", "work failed, attempt 2 of job-1"]);
    assert.deepEqual([operation, id, attempt], ["work", "job-1", 2]);
    assert.equal(function_request_id, "c6af9ac6-7b61-11e6-9a41-93e8deadbeef");
    assert.deepEqual([(error as Line)["name"], (error as Line)["message"]], ["TypeError", "no such table"]);
  });

  test("says what is no error as well, and several in the order they came", async (t) => {
    const lines = await written(t, async () => {
      const complaints = new Complaints();
      complaints.say("one");
      complaints.say(undefined);
      await complaints.said();
    });
    assert.deepEqual(
      lines.map(({ message }) => message),
      ["one", "undefined"],
    );
  });
});

suite("the metrics of a function", () => {
  test("are one line for each operation that did something, and nothing for the others", async (t) => {
    const lines = await written(t, async () => {
      const measures = new Measures();
      const clock = systemClock();
      const [work, _idle] = [measures.meter("work", clock), measures.meter("idle", clock)];
      measures.begin();
      work.count("succeeded");
      work.count("retried");
      work.ran(12);
      work.ran(30);
      await measures.write();
      work.count("failed");
      work.ran(7);
      await measures.write();
      await measures.write();
    });
    const told = lines.map(({ operation, succeeded, failed, retried, duration }) => ({
      ...{ operation, succeeded, failed, retried, duration },
    }));
    assert.deepEqual(told, [
      { operation: "work", succeeded: 1, failed: undefined, retried: 1, duration: [12, 30] },
      { operation: "work", succeeded: undefined, failed: 1, retried: undefined, duration: 7 },
    ]);
    const { CloudWatchMetrics } = (lines[0] as Line)["_aws"] as { CloudWatchMetrics: [Line] };
    assert.deepEqual(CloudWatchMetrics[0]["Namespace"], "spillway");
    assert.deepEqual(CloudWatchMetrics[0]["Dimensions"], [["service", "operation"]]);
  });
});
