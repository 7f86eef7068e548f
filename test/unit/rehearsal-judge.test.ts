// rehearsal/load/judge.ts: each breach that it knows is planted, and named; a run that held is not accused.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Evidence, judge } from "../../rehearsal/load/judge.ts";
import {
  type Answer,
  type Call,
  type Entry,
  hear,
  Ledger,
  type Receipt,
} from "../../rehearsal/load/ledger.ts";
import type { View } from "../../rehearsal/load/view.ts";

const order = (tag: string, orderId = `id-${tag}`) => ({ orderId, sku: "lamp", quantity: 1, customer: tag });
const confirmation = (tag: string) => ({
  ...{ id: `confirmation-${tag}`, status: "succeeded" as const, revision: 2 },
  ...{ operation: "send-confirmation", input: { orderId: `id-${tag}` } },
});
const receipt = (tag: string, more: Partial<Receipt> = {}): Receipt => ({
  ...{ id: `id-${tag}`, status: "queued", revision: 1 },
  ...more,
});
const failed = { status: "failed", error: { code: "handler-failed", title: "The handler failed" } } as const;

function entryOf(
  tag: string,
  call: Partial<Call>,
  answers: readonly (Answer | undefined)[],
  more: Partial<Entry> = {},
) {
  const base = { tag, flow: "place-order", poison: false, key: undefined } as const;
  const entry = new Ledger().begin({ ...base, isDirect: false, follow: "status", ...call });
  for (const answer of answers) hear(entry, answer);
  return Object.assign(entry, more);
}

const atOnce = entryOf("at-once", {}, [{ status: 200, body: order("at-once") }]);
const queued = entryOf("queued", { flow: "place-order-event" }, [{ status: 202, body: receipt("queued") }], {
  ...{ final: receipt("queued", { status: "succeeded" }), heardBy: "status" },
});
const heard = entryOf("heard", { follow: "socket" }, [{ status: 202, body: receipt("heard") }], {
  ...{ final: receipt("heard", { status: "succeeded" }), heardBy: "push" },
});
const poison = entryOf("poison", { poison: true }, [{ status: 202, body: receipt("poison") }], {
  ...{ final: receipt("poison", failed), heardBy: "status" },
});
const refused = entryOf("refused", {}, [{ status: 503, body: { code: "saturated" } }]);
const silent = entryOf("silent", {}, [undefined]);
const keyed = entryOf("keyed", { key: "k" }, [undefined, { status: 200, body: order("keyed") }]);

const written = ["at-once", "queued", "heard", "keyed"];
const view: View = {
  orders: new Map(written.map((tag) => [tag, [`id-${tag}`]])),
  confirmations: new Map(written.map((tag) => [`id-${tag}`, [confirmation(tag)]])),
  deadLetters: [{ operation: "place-order", errorCode: "handler-failed", count: 1 }],
};
const held: Evidence = {
  entries: [atOnce, queued, heard, poison, refused, silent, keyed],
  view,
  limits: [{ name: "orders-db", peak: 10, limit: 10, uses: 100 }],
  redriven: { asked: 10, counted: 10, succeeded: 10 },
  denied: {},
  pushesMustArrive: true,
};

const kindsOf = (evidence: Partial<Evidence>): readonly string[] => [
  ...new Set(judge({ ...held, ...evidence }).map(({ kind }) => kind)),
];
const withOrders = (changes: Readonly<Record<string, readonly string[]>>): Partial<Evidence> => ({
  view: { ...view, orders: new Map([...view.orders, ...Object.entries(changes)]) },
});
const instead = (entry: Entry): Partial<Evidence> => ({
  entries: held.entries.map((other) => (other.tag === entry.tag ? entry : other)),
});

suite("the judge of a rehearsal", () => {
  test("accuses no run that held", () => {
    assert.deepEqual(judge(held), []);
  });

  test("lets what nobody knows have happened once, and not twice", () => {
    const once = { silent: ["id-silent"] };
    const confirmations = new Map([...view.confirmations, ["id-silent", [confirmation("silent")]]]);
    const orders = new Map([...view.orders, ...Object.entries(once)]);
    assert.deepEqual(judge({ ...held, view: { ...view, orders, confirmations } }), []);
    orders.set("silent", ["id-silent", "id-other"]);
    assert.ok(
      judge({ ...held, view: { ...view, orders, confirmations } }).some(({ kind }) => kind === "doubled"),
    );
  });

  const planted: readonly (readonly [string, Partial<Evidence>, readonly string[]])[] = [
    ["an answered order that is not there", withOrders({ "at-once": [] }), ["lost"]],
    ["a succeeded job's order that is not there", withOrders({ queued: [] }), ["lost"]],
    ["an order that is there twice", withOrders({ queued: ["id-queued", "id-queued"] }), ["doubled"]],
    ["an order of a refused call", withOrders({ refused: ["id-refused"] }), ["half-written", "lost"]],
    ["an order of a failed job", withOrders({ poison: ["id-poison"] }), ["half-written", "lost"]],
    ["an order that nobody called for", withOrders({ stray: ["id-stray"] }), ["invented"]],
    [
      "an order under another id than was answered",
      withOrders({ "at-once": ["id-queued"] }),
      ["two answers"],
    ],
    [
      "two answers under one key",
      instead(
        entryOf("keyed", { key: "k" }, [
          { status: 200, body: order("keyed") },
          { status: 200, body: order("keyed", "id-other") },
        ]),
      ),
      ["two answers"],
    ],
    ["a receipt that never ends", instead({ ...queued, final: undefined }), ["never ended"]],
    [
      "a job that failed and should not have",
      instead({ ...queued, final: receipt("queued", failed) }),
      ["half-written", "wrong end", "not in the dead letters"],
    ],
    [
      "poison that succeeded",
      instead({ ...poison, final: receipt("poison", { status: "succeeded" }) }),
      ["wrong end", "not in the dead letters"],
    ],
    [
      "poison that is not in the dead letters",
      { view: { ...view, deadLetters: [] } },
      ["not in the dead letters"],
    ],
    [
      "poison that is there for another reason",
      {
        view: {
          ...view,
          deadLetters: [{ operation: "place-order", errorCode: "delivery-exhausted", count: 1 }],
        },
      },
      ["not in the dead letters"],
    ],
    [
      "a confirmation that was not sent",
      { view: { ...view, confirmations: new Map([...view.confirmations, ["id-heard", []]]) } },
      ["lost"],
    ],
    [
      "a confirmation that was sent twice",
      {
        view: {
          ...view,
          confirmations: new Map([
            ...view.confirmations,
            ["id-heard", [confirmation("heard"), confirmation("heard")]],
          ]),
        },
      },
      ["doubled"],
    ],
    ["a socket that never heard", instead({ ...heard, heardBy: undefined }), ["unheard"]],
    [
      "a socket that had to ask again, where nothing was lost",
      instead({ ...heard, heardBy: "asked again" }),
      ["unheard"],
    ],
    [
      "one more at once than the limit",
      { limits: [{ name: "orders-db", peak: 11, limit: 10, uses: 100 }] },
      ["over the limit"],
    ],
    [
      "a limit that was not seen at all",
      { limits: [{ name: "orders-db", peak: 0, limit: 10, uses: 0 }] },
      ["nothing happened"],
    ],
    ["a redrive that does nothing", { redriven: { asked: 10, counted: 0, succeeded: 0 } }, ["redrive"]],
    ["a redrive whose jobs fail again", { redriven: { asked: 10, counted: 10, succeeded: 9 } }, ["redrive"]],
    ["a request that a role refused", { denied: { "Http: dynamodb:Scan": 1 } }, ["not allowed"]],
  ];
  for (const [what, evidence, kinds] of planted) {
    test(`names ${what}`, () => assert.deepEqual(kindsOf(evidence), kinds));
  }

  test("lets a direct call's repeats have receipts of their own, and still one order", () => {
    const answers = ["one", "two"].map((id) => ({ status: 202, body: receipt("direct", { id }) }));
    const final = receipt("direct", { id: "two", status: "succeeded" });
    const call = { flow: "place-order-event", key: "k", isDirect: true } as const;
    const direct = entryOf("direct", call, answers, { final, heardBy: "status" });
    const confirmations = new Map([...view.confirmations, ["id-direct", [confirmation("direct")]]]);
    const kindsWith = (orders: readonly string[]) => {
      const all = new Map([...view.orders, ["direct", orders]]);
      return kindsOf({
        entries: [...held.entries, direct],
        view: { ...view, confirmations, orders: all },
      });
    };
    assert.deepEqual(kindsWith(["id-direct"]), []);
    assert.deepEqual(kindsWith(["id-direct", "id-direct"]), ["doubled"]);
    assert.deepEqual(kindsWith([]), ["lost"]);
  });

  test("does not take silence for success", () => {
    assert.ok(kindsOf({ entries: [refused, silent] }).includes("nothing happened"));
  });

  test("lets a socket that was lost ask again", () => {
    assert.deepEqual(
      kindsOf({ ...instead({ ...heard, heardBy: "asked again" }), pushesMustArrive: false }),
      [],
    );
  });
});
