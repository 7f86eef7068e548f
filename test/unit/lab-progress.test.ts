// What is seen while the lab runs: a run takes minutes, and silence looks like a hang.
import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { suite, test } from "node:test";
import { ProgressLine } from "../../src/cli/lab-progress.ts";
import type { LaneProgress } from "../../src/lab/lane-run.ts";

function output(isTTY: boolean) {
  const written: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      written.push(text);
      done();
    },
  });
  return { written, stream: Object.assign(stream, { isTTY }) as unknown as NodeJS.WriteStream };
}

const begins: LaneProgress = { lane: "request-retrying", repeat: 1, offered: 0, ended: 0, queued: 0 };

suite("the progress of the lab", () => {
  test("begins with each lane at once, and goes on within it, at a terminal", () => {
    const { written, stream } = output(true);
    const line = new ProgressLine(1_000, 1, stream);
    line.show(begins);
    line.show({ ...begins, lane: "event", offered: 500, ended: 480, queued: 300 });
    assert.deepEqual(written, [
      "\r\u001b[Krequest, retried: 0 of 1,000 calls sent",
      "\r\u001b[Kevent: 500 of 1,000 calls sent, 20 not replied to, 300 queued",
    ]);
  });

  test("is a line for each lane of each repeat elsewhere, when it starts", () => {
    const { written, stream } = output(false);
    const line = new ProgressLine(1_000, 2, stream);
    for (const repeat of [1, 2]) {
      line.show({ ...begins, repeat });
      line.show({ ...begins, repeat, offered: 500 });
    }
    assert.deepEqual(written, [
      "request, retried (1 of 2): started\n",
      "request, retried (2 of 2): started\n",
    ]);
  });
});
