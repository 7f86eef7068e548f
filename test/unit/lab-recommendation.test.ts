// What a report concludes, rule by rule: a team changes its architecture for it.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { costOf } from "../../src/lab/cost.ts";
import { recommend } from "../../src/lab/recommendation.ts";
import type { Counts } from "../../src/lab/report.ts";
import { burst, distribution, lane, measured, runOf, usualLanes, withLanes } from "../support/flow-report.ts";

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
        "Serve place-order as a spill, as it is declared.",
        "Under a burst of 2,000/s over 50/s for 20 s request-response refused 8,000 of 10,000 calls (80%), all as `saturated`.",
        "A client that repeats what was refused sent 41,000 requests more (4.1 a call) and got all of it done, 99 of 100 within 9.4 s.",
        "The spill answered 2,000 (20%) at once and gave 8,000 a receipt, 99 of 100 within 33 ms; none was lost and 99 of 100 were done within 19 s.",
        "The queue, 7,900 deep at its peak, was empty 14 s after the last arrival.",
        "Event-driven lost none either and had 99 of 100 done within 19 s, but answers nobody at once.",
        "On AWS event-driven would be dearer: $9.18 a million (batches of 10 in parallel, polled once) against $7.22 for request-response; it would be cheaper only if the handler took 349 ms or more; here it took 21 ms.",
        "As the mix that it was here, a spill would be $8.89.",
        "This rests on one repeat: how far another would differ is not known.",
      ].join(" "),
    );
  });

  test("request-response, where it lost nothing", () => {
    const { flow, text } = recommend(easy);
    assert.equal(flow, "request");
    assert.match(
      text,
      /^Serve place-order request-response \(it is declared spill\)\. Under .* answered 10,000 of 10,000 calls and lost none/,
    );
    assert.match(text, /A larger peak was not measured; a spill answered 100% at once under this one/);
  });

  test("request-response, and says so where event-driven would be far cheaper all the same", () => {
    const { basis } = easy.cost;
    const slow = recommend({ ...easy, cost: costOf({ ...basis, handlerMs: 2_000 }) });
    assert.equal(slow.flow, "request");
    assert.match(
      slow.text,
      /would be cheaper: \$10\.50 a million .* against \$20\.41 for request-response; it is cheaper as long as the handler takes 349 ms or more; here it took 2 s\. .* reason to think again\./,
    );
    assert.doesNotMatch(recommend(easy).text, /reason to think again/);
  });

  for (const { flow, lanes, says } of [
    { flow: "request", lanes: easy, says: "request-response" },
    {
      flow: "event",
      lanes: withLanes(lane("spill", { answered: 0, receipts: 10_000 })),
      says: "event-driven",
    },
    { flow: "spill", lanes: measured(), says: "as a spill" },
  ] as const) {
    test(`${says}, and says whether that is what the operation is declared`, () => {
      for (const declaredFlow of ["request", "event", "spill"] as const) {
        const declared =
          declaredFlow === flow ? ", as it is declared." : ` (it is declared ${declaredFlow}).`;
        const { text } = recommend({ ...lanes, declaredFlow });
        assert.ok(text.startsWith(`Serve place-order ${says}${declared}`), text);
      }
    });
  }

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
    assert.match(text, /^Serve place-order event-driven \(it is declared spill\)\./);
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

  test("says when no handler would be cheaper event-driven, and when every one would", () => {
    const costing = (breakEven: number | null) => {
      const { cost } = measured();
      const all = cost.breakEven.map(({ way }) => ({ way, handlerMs: breakEven }));
      return recommend(measured({ cost: { ...cost, breakEven: all } })).text;
    };
    assert.match(costing(null), /it would be cheaper for no handler, however long it took\./);
    assert.match(costing(0), /it would be cheaper for any handler, however short\./);
  });

  test("has the figures by themselves beside it", () => {
    assert.deepEqual(recommend(measured()).restsOn, [
      "request: 8,000 of 10,000 lost (80%), p99 31 ms to acknowledge, p99 31 ms until done, of those done",
      "event: 0 of 10,000 lost (0%), p99 14 ms to acknowledge, p99 19 s until done, of those done",
      "spill: 0 of 10,000 lost (0%), p99 33 ms to acknowledge, p99 19 s until done, of those done",
      "spill: 20% answered at once",
      "event: queue of 7,900 at its peak, drained 14 s after the last arrival",
      "request, retried: 41,000 requests more, 0 lost",
      "event, batches of 10 in parallel: against request-response it would be cheaper only if the handler took 106 ms or more; here it took 21 ms",
      "event, batches of 10 in parallel, pushed: against request-response it would be cheaper only if the handler took 1.2 s or more; here it took 21 ms",
      "event, batches of 10 in parallel, polled once: against request-response it would be cheaper only if the handler took 349 ms or more; here it took 21 ms",
    ]);
  });
});
