// When a report says nothing rather than something that was not measured.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { recommend } from "../../src/lab/recommendation.ts";
import type { FlowReport, Lane, LaneName } from "../../src/lab/report.ts";
import { burst, lane, measured, runOf, withLanes } from "../support/flow-report.ts";

suite("a report has measured too little to say", () => {
  const few = (name: LaneName): Lane => {
    const { counts } = lane(name);
    const tenth = (value: number) => value / 20;
    return lane(name, {
      offered: tenth(counts.offered),
      answered: tenth(counts.answered),
      receipts: tenth(counts.receipts),
      refused: tenth(counts.refused),
      succeeded: tenth(counts.succeeded),
    });
  };

  function says(report: Omit<FlowReport, "recommendation">): string {
    const { flow, text, restsOn } = recommend(report);
    assert.equal(flow, null);
    assert.deepEqual(restsOn, []);
    return text;
  }

  test("with fewer than a thousand calls in a lane", () => {
    const report = measured({
      profile: { ...burst, offered: 500 },
      lanes: [few("request"), few("event"), few("spill")],
    });
    assert.equal(
      says(report),
      'Measured too little to say: the "request" lane was offered 500 calls, and 1,000 are the least that tell one loss in a thousand from none. Raise the rate, the time or --repeats.',
    );
  });

  test("without one of the three flows", () => {
    const report = measured({ lanes: [lane("request"), lane("spill")] });
    assert.match(says(report), /^Measured too little to say: the report has no lane for event\./);
  });

  test("where the machine could not send what the profile asks for", () => {
    assert.match(
      says(measured({ profile: { ...burst, offered: 12_000 } })),
      /offered 10,000 of the 12,000 calls of its profile\. The machine/,
    );
  });

  test("where the load itself came late", () => {
    const late = lane("event", {}, { generator: { lateP99Ms: 400, cpuShare: 0.9 } });
    assert.match(
      says(withLanes(late)),
      /one in a hundred calls of the "event" lane was sent more than 400 ms late\. The machine/,
    );
  });

  test("where the repeats turned away quite different shares", () => {
    const runs = [runOf({ answered: 1_000, refused: 4_000 }), runOf({ answered: 2_000, refused: 3_000 })];
    assert.match(
      says(withLanes(lane("request", {}, { runs }))),
      /the repeats of the "request" lane do not agree: one turned away 60% of its calls, another 80%/,
    );
  });

  test("where the repeats were done at quite different times", () => {
    const runs = [
      runOf({ receipts: 5_000 }, { doneP99: 4_000 }),
      runOf({ receipts: 5_000 }, { doneP99: 19_000 }),
    ];
    assert.match(
      says(withLanes(lane("event", {}, { runs }))),
      /99 of 100 calls were done within 4 s in one and 19 s in another/,
    );
  });

  test("but not where they differ by milliseconds", () => {
    const runs = [
      runOf({ answered: 1_000, refused: 4_000 }, { doneP99: 20 }),
      runOf({ answered: 1_000, refused: 4_000 }, { doneP99: 200 }),
    ];
    assert.equal(recommend(withLanes(lane("request", {}, { runs }))).flow, "spill");
  });

  test("where calls are not accounted for, which is a fault", () => {
    assert.match(
      says(withLanes(lane("event", { receipts: 9_999 }))),
      /^Nothing can be concluded: of the 10,000 calls of the "event" lane 9,999 are accounted for\./,
    );
  });

  test("where the store holds another number of effects than were committed, which is worse", () => {
    const lost = lane("event", {}, { effects: { expected: 20_000, counted: 19_998 } });
    assert.match(
      says(withLanes(lost)),
      /^Nothing should be concluded: handlers of the "event" lane committed 20,000 effects, and the store holds 19,998\./,
    );
  });
});
