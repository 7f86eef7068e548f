/** The judge, breach by breach: a ledger and a store that agree, and then do not in one thing. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Heard } from "./client.ts";
import { EXIT_CODES, judge, kindsOf, type StoreView, type Verdict } from "./judge.ts";
import { type Breach, Ledger, type Receipt } from "./ledger.ts";

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): Heard => ({
  kind: "answer",
  status,
  headers,
  body,
});
const SILENCE: Heard = { kind: "silence", why: "It died." };
const problem = (code: string, status = 500) => answer(status, { code });

const outputOf = (tag: string, runId: string) => ({ tag, count: 1, runId });
const QUEUED: Receipt = { id: "r-job", status: "queued", revision: 1 };
const DONE: Receipt = { ...QUEUED, status: "succeeded", revision: 3, output: outputOf("job", "r-job") };

/** Told of: a call answered at once, a job, a keyed call and its repeat, a refusal, a silence, a cancelled job. */
function toldLedger(): Ledger {
  const ledger = new Ledger();
  const call = (tag: string, ...heard: Heard[]) => {
    for (const one of heard)
      ledger.hear(ledger.send({ tag, operation: "tally", worth: 10, key: `key-${tag}` }), one);
  };
  call("now", answer(200, outputOf("now", "r-now")));
  call("job", answer(202, QUEUED), answer(200, DONE.output, { "content-location": "/receipts/r-job" }));
  call("refused", problem("saturated", 503));
  call("silent", SILENCE);
  call("cancelled", answer(202, { id: "r-cancelled", status: "queued", revision: 1 }));
  ledger.askCancel("r-cancelled");
  ledger.hearCancel("r-cancelled", answer(200, CANCELLED), undefined);
  return ledger;
}

const CANCELLED: Receipt = { id: "r-cancelled", status: "cancelled", revision: 2 };

const VIEW: StoreView = {
  receipts: new Map([
    ["r-job", DONE],
    ["r-cancelled", CANCELLED],
  ]),
  unfinished: [],
  counts: new Map(Object.entries({ now: 1, job: 1 })),
  echoes: new Map(Object.entries({ now: 1, job: 1 })),
  totals: { applied: 2, worth: 20, echoes: 2 },
  jobs: [
    { id: "r-job", tag: "job" },
    { id: "r-cancelled", tag: "cancelled" },
  ],
};

const withCount = (tag: string, count: number): Partial<StoreView> => ({
  counts: new Map(VIEW.counts).set(tag, count),
});
const withReceipt = (receipt: Receipt | undefined, id = "r-job"): Partial<StoreView> => ({
  receipts: new Map(VIEW.receipts).set(id, receipt),
});

suite("the judge", () => {
  test("finds nothing where the store is as the client was told", () => {
    assert.deepEqual(judge(toldLedger(), VIEW), { kind: "held" });
  });

  test("lets a call that nobody answered have happened once or not at all", () => {
    const silent = {
      counts: new Map(VIEW.counts).set("silent", 1),
      echoes: new Map(VIEW.echoes).set("silent", 1),
    };
    const totals = { applied: 3, worth: 30, echoes: 3 };
    assert.deepEqual(judge(toldLedger(), { ...VIEW, ...silent, totals }), { kind: "held" });
  });

  const stores: readonly (readonly [what: string, view: Partial<StoreView>, kind: Breach["kind"]])[] = [
    ["a receipt that is unknown", withReceipt(undefined), "lost"],
    ["an effect that is not there", withCount("job", 0), "lost"],
    ["a call answered at once that left nothing", withCount("now", 0), "lost"],
    ["a send that was not run", { echoes: new Map([["now", 1]]) }, "lost"],
    ["an effect written twice", withCount("job", 2), "doubled"],
    ["a silent call that was written twice", withCount("silent", 2), "doubled"],
    ["a send that was run twice", { echoes: new Map(VIEW.echoes).set("now", 2) }, "doubled"],
    ["a call stored as two jobs", { jobs: [...(VIEW.jobs ?? []), { id: "r-other", tag: "job" }] }, "doubled"],
    ["a refused call's effect", withCount("refused", 1), "half-written"],
    ["a cancelled job's effect", withCount("cancelled", 1), "half-written"],
    [
      "a send of a call that is not written",
      { echoes: new Map(VIEW.echoes).set("silent", 1) },
      "half-written",
    ],
    ["an effect of nobody's", withCount("ghost", 1), "invented"],
    ["a job of nobody's", { jobs: [{ id: "r-ghost", tag: "ghost" }] }, "invented"],
    ["a total that was moved once too often", { totals: { ...VIEW.totals, worth: 30 } }, "drifted"],
    ["a total that was moved too seldom", { totals: { ...VIEW.totals, applied: 1 } }, "drifted"],
    ["a job that has not ended", { unfinished: ["r-job"] }, "stuck"],
    ["a receipt that is still running", withReceipt({ ...DONE, status: "running" }), "stuck"],
    [
      "a cancelled job that succeeded",
      withReceipt({ ...DONE, id: "r-cancelled" }, "r-cancelled"),
      "not cancelled",
    ],
    ["a job cancelled by nobody", withReceipt({ ...DONE, status: "cancelled" }), "not cancelled"],
    ["another output on the receipt", withReceipt({ ...DONE, output: { runId: "r-job" } }), "two outputs"],
    ["a run under another id", withReceipt({ ...DONE, output: outputOf("job", "r-x") }), "two ids"],
  ];
  for (const [what, view, kind] of stores) {
    test(`finds ${what}`, () => {
      const kinds = kindsOf(judge(toldLedger(), { ...VIEW, ...view }));
      assert.ok(kinds.includes(kind), `${kind} is not among: ${kinds.join()}`);
    });
  }

  const told: readonly (readonly [what: string, tell: (ledger: Ledger) => void, kind: Breach["kind"]])[] = [
    ["another receipt under the same key", (l) => again(l, answer(202, { ...QUEUED, id: "r-2" })), "two ids"],
    ["another output under the same key", (l) => again(l, answer(200, { runId: "r-job" })), "two outputs"],
    [
      "a repeat that failed after it was acknowledged",
      (l) => again(l, problem("handler-failed")),
      "false refusal",
    ],
    ["a revision that went back", (l) => l.observe(QUEUED, DONE), "went back"],
    [
      "an end that was taken back",
      (l) => l.observe({ ...DONE, status: "failed", revision: 4 }, DONE),
      "went back",
    ],
    [
      "a receipt that is gone while it runs",
      (l) => l.look("r-job", problem("unknown-receipt", 404), DONE),
      "lost",
    ],
    [
      "a receipt that is gone when it is cancelled",
      (l) => l.hearCancel("r-job", problem("x", 404), DONE),
      "lost",
    ],
  ];
  for (const [what, tell, kind] of told) {
    test(`finds ${what}`, () => {
      const ledger = toldLedger();
      tell(ledger);
      assert.deepEqual(kindsOf(judge(ledger, VIEW)), [kind]);
    });
  }
});

function again(ledger: Ledger, heard: Heard): void {
  ledger.hear(ledger.send({ tag: "job", operation: "tally", worth: 10, key: "key-job" }), heard);
}

suite("a verdict", () => {
  test("is not given on a store that could not be read, which is another exit code than a loss", () => {
    const verdict = judge(toldLedger(), { unreadable: "It does not answer." });
    assert.deepEqual(verdict, { kind: "could not judge", why: "It does not answer." });
    assert.equal(EXIT_CODES[verdict.kind], 2);
    assert.equal(EXIT_CODES[judge(toldLedger(), { ...VIEW, ...withCount("job", 2) }).kind], 1);
  });

  test("is not given where nothing was acknowledged: nothing can be lost then", () => {
    const verdict: Verdict = judge(new Ledger(), { ...VIEW, receipts: new Map() });
    assert.equal(verdict.kind, "could not judge");
  });

  test("is given by what was seen while it ran, even if the store cannot be read any more", () => {
    const ledger = toldLedger();
    ledger.observe(QUEUED, DONE);
    assert.deepEqual(kindsOf(judge(ledger, { unreadable: "It does not answer." })), ["went back"]);
  });
});
