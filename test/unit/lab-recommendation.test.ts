// What a report concludes, rule by rule: a team changes its architecture for it.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { costOf } from "../../src/lab/cost.ts";
import { recommend } from "../../src/lab/recommendation.ts";
import type { Counts, FlowReport, Lane, LaneName } from "../../src/lab/report.ts";
import { burst, distribution, lane, measured, runOf, usualLanes } from "../support/flow-report.ts";

/** The usual burst, with the lanes given in the place of theirs. */
function withLanes(...changed: readonly Lane[]): ReturnType<typeof measured> {
  return measured({
    lanes: usualLanes.map((usual) => changed.find(({ name }) => name === usual.name) ?? usual),
  });
}

/** All lanes do all of their calls. */
const easy = withLanes(
  lane("request", { answered: 10_000, refused: 0, byCode: {}, succeeded: 10_000 }),
  lane("spill", { answered: 10_000, receipts: 0 }, { drainSeconds: 0 }),
);

suite("a report recommends", () => {
  test("a spill, where request-response refuses, and a spill answers some at once and loses none", () => {
    const { flow, text } = recommend(measured());
    assert.equal(flow, "spill");
    assert.equal(
      text,
      [
        "Serve place-order as a spill.",
        "Under a burst of 2,000/s over 50/s for 20 s request-response refused 8,000 of 10,000 calls (80%), all as `saturated`.",
        "A client that repeats what was refused sent 41,000 requests more (4.1 a call) and got all of it done, 99 of 100 within 9.4 s.",
        "The spill answered 2,000 (20%) at once and gave 8,000 a receipt, 99 of 100 within 33 ms; none was lost and 99 of 100 were done within 19 s.",
        "The queue, 7,900 deep at its peak, was empty 14 s after the last arrival.",
        "Event-driven lost none either and had 99 of 100 done within 19 s, but answers nobody at once.",
        "On AWS event-driven would be dearer: $6.33 a million (batches of 10 in parallel, pushed) against $5.09; with a handler of 21 ms, it is cheaper from 227 ms of handler time on.",
        "This rests on one repeat: how far another would differ is not known.",
      ].join(" "),
    );
  });

  test("request-response, where it lost nothing", () => {
    const { flow, text } = recommend(easy);
    assert.equal(flow, "request");
    assert.match(
      text,
      /^Keep place-order request-response\. Under .* answered 10,000 of 10,000 calls and lost none/,
    );
    assert.match(text, /A larger peak was not measured; a spill answered 100% at once under this one/);
  });

  test("request-response, and says so where event-driven would be far cheaper all the same", () => {
    const { basis } = easy.cost;
    const slow = recommend({ ...easy, cost: costOf({ ...basis, handlerMs: 2_000 }) });
    assert.equal(slow.flow, "request");
    assert.match(
      slow.text,
      /would be cheaper: \$7\.65 a million .* against \$18\.28; .* reason to think again\./,
    );
    assert.doesNotMatch(recommend(easy).text, /reason to think again/);
  });

  test("request-response, where it lost one in a thousand, and no longer where it lost more", () => {
    const losing = (refused: number) =>
      recommend(
        withLanes(lane("request", { answered: 10_000 - refused, refused, succeeded: 10_000 - refused })),
      ).flow;
    assert.deepEqual([losing(10), losing(11)], ["request", "spill"]);
  });

  test("event-driven, where a spill would answer next to nobody at once", () => {
    const { flow, text } = recommend(withLanes(lane("spill", { answered: 499, receipts: 9_501 })));
    assert.equal(flow, "event");
    assert.match(text, /^Serve place-order event-driven\./);
    assert.match(text, /A spill answered only 5% at once, so its callers must take receipts all the same\./);
  });

  test("event-driven, where new calls of the spill overtook the queued ones by far", () => {
    const late = lane("spill", {}, { done: distribution(8_000, 30_000, 39_000, 41_000) });
    const { flow, text } = recommend(withLanes(late));
    assert.equal(flow, "event");
    assert.match(text, /overtook the queued ones.*\(p99 39 s until done against 19 s\)/);
  });

  test("a spill, where its calls end later than event-driven ones by what nobody notices", () => {
    const [late, usual] = [distribution(20, 300, 900, 990), distribution(10, 100, 200, 300)];
    assert.equal(
      recommend(withLanes(lane("spill", {}, { done: late }), lane("event", {}, { done: usual }))).flow,
      "spill",
    );
  });

  test("event-driven, where the spill lost calls and the event lane none", () => {
    const { flow, text } = recommend(
      withLanes(lane("spill", { receipts: 3_000, refused: 5_000, succeeded: 5_000 })),
    );
    assert.equal(flow, "event");
    assert.match(text, /As a spill it lost 5,000 \(50%\)\./);
  });

  test("a spill, where some calls fail in every flow, and says how many are dead letters", () => {
    const { flow, text } = recommend(
      withLanes(
        lane("request", {
          answered: 1_900,
          failed: 100,
          byCode: { saturated: 8_000, "handler-failed": 100 },
          succeeded: 1_900,
        }),
        lane("event", { succeeded: 9_900, dead: 100, retried: 400 }),
        lane("spill", { succeeded: 9_900, dead: 100, retried: 400 }),
      ),
    );
    assert.equal(flow, "spill");
    assert.match(text, /refused or failed 8,100 of 10,000 calls \(81%\), 8,000 as `saturated`/);
    assert.match(
      text,
      /100 were lost \(100 ended as dead letters\) and .*, 400 attempts repeated by the server/,
    );
  });

  test("no flow, where each of them lost as many", () => {
    const failing: Partial<Counts> = { succeeded: 9_000, dead: 1_000 };
    const { flow, text } = recommend(
      withLanes(
        lane("request", {
          answered: 9_000,
          refused: 0,
          failed: 1_000,
          byCode: { "handler-failed": 1_000 },
          succeeded: 9_000,
        }),
        lane("event", failing),
        lane("spill", failing),
      ),
    );
    assert.equal(flow, null);
    assert.match(
      text,
      /^No flow helps place-order here: .* 1,000 of 10,000 \(request\), .* `handler-failed` \(1,000\): look there first/,
    );
  });

  test("no flow, where the queues did not drain: a queue makes no room", () => {
    const { flow, text } = recommend(
      withLanes(lane("event", { succeeded: 6_000 }), lane("spill", { succeeded: 6_100 })),
    );
    assert.equal(flow, null);
    assert.match(
      text,
      /^No flow carries a burst .* 4,000 of the event lane and 3,900 of the spill lane still waited/,
    );
  });
});

suite("the paragraph", () => {
  test("warns where the queue needed longer to drain than the load had lasted", () => {
    const slow = lane("spill", {}, { drainSeconds: 33 });
    assert.match(
      recommend(withLanes(slow)).text,
      /was empty 33 s after the last arrival, longer than the load had lasted/,
    );
  });

  test("says what retrying clients lost all the same", () => {
    const retrying = lane("request-retrying", { answered: 9_500, refused: 500, succeeded: 9_500 });
    assert.match(
      recommend(withLanes(retrying)).text,
      /41,000 requests more \(4\.1 a call\) and still lost 500 \(5%\)\./,
    );
  });

  test("does without the retrying client where none was measured", () => {
    const { flow, text } = recommend(
      measured({ lanes: usualLanes.filter(({ name }) => name !== "request-retrying") }),
    );
    assert.equal(flow, "spill");
    assert.doesNotMatch(text, /client/);
  });

  test("does not warn of a single repeat where there were more", () => {
    const twice = usualLanes.map((usual) => ({
      ...usual,
      counts: {
        ...usual.counts,
        offered: 20_000,
        answered: usual.counts.answered * 2,
        receipts: usual.counts.receipts * 2,
        refused: usual.counts.refused * 2,
      },
      runs: [runOf(usual.counts), runOf(usual.counts)],
    }));
    assert.doesNotMatch(recommend(measured({ repeats: 2, lanes: twice })).text, /one repeat/);
  });

  for (const { profile, says } of [
    { profile: { kind: "steady", peakPerSecond: 80 }, says: "a steady 80/s for 20 s" },
    { profile: { kind: "ramp" }, says: "a ramp from 50/s to 2,000/s for 20 s" },
    { profile: { kind: "spike" }, says: "a spike of 2,000/s over 50/s for 20 s" },
    { profile: { kind: "replay" }, says: "the recorded arrivals (20 s, 2,000/s at most)" },
  ] as const) {
    test(`names ${says}`, () => {
      const { text } = recommend(measured({ profile: { ...burst, ...profile } }));
      assert.ok(text.includes(`Under ${says} request-response`), text);
    });
  }

  test("has the figures by themselves beside it", () => {
    assert.deepEqual(recommend(measured()).restsOn, [
      "request: 8,000 of 10,000 lost (80%), p99 31 ms to acknowledge, p99 31 ms until done",
      "event: 0 of 10,000 lost (0%), p99 14 ms to acknowledge, p99 19 s until done",
      "spill: 0 of 10,000 lost (0%), p99 33 ms to acknowledge, p99 19 s until done",
      "spill: 20% answered at once",
      "event: queue of 7,900 at its peak, drained 14 s after the last arrival",
      "request with a retrying client: 41,000 requests more, 0 lost",
      "event, batches of 10 in parallel: cheaper than request from 50 ms of handler time on; the handler takes 21 ms",
      "event, batches of 10 in parallel, pushed: cheaper than request from 227 ms of handler time on; the handler takes 21 ms",
      "event, batches of 10 in parallel, polled once: cheaper than request from 293 ms of handler time on; the handler takes 21 ms",
    ]);
  });
});

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
      "Measured too little to say: the request lane was offered 500 calls, and 1,000 are the least that tell one loss in a thousand from none. Raise the rate, the time or --repeats.",
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
      /one in a hundred calls of the event lane was sent more than 400 ms late\. The machine/,
    );
  });

  test("where the repeats turned away quite different shares", () => {
    const runs = [runOf({ answered: 1_000, refused: 4_000 }), runOf({ answered: 2_000, refused: 3_000 })];
    assert.match(
      says(withLanes(lane("request", {}, { runs }))),
      /the repeats of the request lane do not agree: one turned away 60% of its calls, another 80%/,
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
      /^Nothing can be concluded: of the 10,000 calls of the event lane 9,999 are accounted for\./,
    );
  });

  test("where the store holds another number of effects than were committed, which is worse", () => {
    const lost = lane("event", {}, { effects: { expected: 20_000, counted: 19_998 } });
    assert.match(
      says(withLanes(lost)),
      /^Nothing should be concluded: handlers of the event lane committed 20,000 effects, and the store holds 19,998\./,
    );
  });
});
