// What the burst says of its numbers: a reader must be able to trust the table and the sentences without the code.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type FlowResult, lost, sentences, table, writtenOnce } from "../../examples/orders/burst-table.ts";

const request: FlowResult = {
  operation: "place-order-request",
  calls: 2_000,
  answered: 96,
  receipts: 0,
  refused: { saturated: 1_904 },
  unanswered: 0,
  failed: 0,
  unfinished: 0,
  promised: 96,
  found: 96,
  database: { capacity: 10, peak: 10, writes: 96 },
  lastReplyMs: 310,
  lastCompletionMs: 310,
};

const event: FlowResult = {
  ...request,
  operation: "place-order-event",
  answered: 0,
  receipts: 2_000,
  refused: {},
  promised: 2_000,
  found: 2_000,
  database: { capacity: 10, peak: 9, writes: 2_000 },
  lastCompletionMs: 4_412,
};

suite("the burst's table", () => {
  test("has a column for each flow, aligned to the right", () => {
    assert.equal(
      table([request, event]),
      [
        "                        place-order-request   place-order-event",
        "answered at once                         96                   0",
        "receipts                                  0               2,000",
        "refused: saturated                    1,904                   0",
        "failed                                    0                   0",
        "written once                       96 of 96      2,000 of 2,000",
        "peak at the database               10 of 10             9 of 10",
        "last reply after                     0.31 s              0.31 s",
        "last completion after                0.31 s              4.41 s",
      ].join("\n"),
    );
  });

  test("has one row for each reason of a refusal, and one where there was none", () => {
    const paused = { ...event, refused: { paused: 7, "backlog-full": 3 } };
    const rows = (text: string) => text.match(/^refused.*$/gm)?.map((row) => row.replace(/\s+/g, " "));
    assert.deepEqual(rows(table([request, paused])), [
      "refused: backlog-full 0 3",
      "refused: paused 0 7",
      "refused: saturated 1,904 0",
    ]);
    assert.deepEqual(rows(table([event])), ["refused 0"]);
  });

  test("mentions calls without an answer only where there were some", () => {
    assert.doesNotMatch(table([event]), /no answer/);
    assert.match(table([request, { ...event, unanswered: 2 }]), /^no answer +0 +2$/m);
  });

  test("of what was promised, counts what is there and was charged for once", () => {
    assert.equal(writtenOnce(event), 2_000);
    assert.equal(writtenOnce({ ...event, found: 1_990 }), 1_990);
    assert.equal(writtenOnce({ ...event, database: { ...event.database, writes: 2_003 } }), 1_997);
    assert.match(
      table([{ ...event, promised: 1_900, found: 1_900, unfinished: 100 }]),
      /^written once +1,900 of 2,000$/m,
    );
  });
});

suite("the burst's sentences", () => {
  test("say what became of the calls of each flow", () => {
    const [first, second] = sentences([request, event]).split("\n");
    assert.equal(first, "place-order-request: of 2,000 calls it answered 96 at once and turned 1,904 away.");
    assert.equal(
      second,
      "place-order-event: of 2,000 calls it kept all, was done with the last after 4.41 s and turned none away.",
    );
  });

  test("say that the database was spared, or that it was not", () => {
    assert.match(sentences([request, event]), /never saw more than 10 orders at once; it has 10 connections/);
    const over = { ...event, database: { ...event.database, peak: 11 } };
    assert.match(sentences([request, over]), /saw 11 orders at once, MORE than its 10 connections/);
  });

  test("say that every order is there, written once", () => {
    assert.match(
      sentences([request, event]),
      /Each of the 2,096 orders that were promised is there, written once\.$/,
    );
  });

  test("say that the database counts more writes than orders", () => {
    const more = { ...event, database: { ...event.database, writes: 2_004 } };
    assert.match(sentences([request, more]), /is there; the database counts 4 writes more/);
  });

  test("say what was lost before anything else of the orders", () => {
    const gone = { ...event, promised: 1_999, found: 1_998, unfinished: 1 };
    assert.equal(lost(gone), 2);
    assert.match(sentences([request, gone]), /LOST: 2 of the 2,096 orders that were promised/);
    assert.match(sentences([request, gone]), /kept all, never ended 1 and turned none away/);
  });
});
