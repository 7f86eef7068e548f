/** What the clients know: every call, and all they were told of it. `judge.ts` holds the deployment against it. */

export type Flow = "place-order" | "place-order-request" | "place-order-event";

export type Call = {
  /** The order's customer: names the effect, once. */
  readonly tag: string;
  readonly flow: Flow;
  /** Not to a function, but straight into the queue: its receipts are messages', one for each repeat. */
  readonly isDirect: boolean;
  readonly poison: boolean;
  readonly key: string | undefined;
  /** How its receipt is followed, should it get one. */
  readonly follow: "socket" | "status";
};

export type Receipt = {
  readonly id: string;
  readonly status: "queued" | "running" | "succeeded" | "failed" | "cancelled";
  readonly revision: number;
  readonly output?: unknown;
  readonly error?: { readonly code: string; readonly title: string };
};

export type Entry = Call & {
  sends: number;
  /** Ids that it was answered, as a receipt's or as an order's: one at most, if all is well. */
  readonly ids: Set<string>;
  readonly outputs: Set<string>;
  receipt: string | undefined;
  /** Where the state of its receipt is had. */
  path: string;
  /** The last answer: nothing happened; or nobody knows. */
  last: "acknowledged" | "refused" | "unknown" | "none";
  /** Problems it was answered, by code. */
  readonly problems: string[];
  /** The final state, where it has a receipt and that was heard of; and by which way. */
  final: Receipt | undefined;
  heardBy: "push" | "asked again" | "status" | undefined;
};

export class Ledger {
  readonly entries: Entry[] = [];

  begin(call: Call): Entry {
    const entry: Entry = {
      ...call,
      sends: 0,
      ids: new Set(),
      outputs: new Set(),
      receipt: undefined,
      path: "",
      last: "none",
      problems: [],
      final: undefined,
      heardBy: undefined,
    };
    this.entries.push(entry);
    return entry;
  }

  /** Acknowledged ones that wait for their end. */
  get open(): readonly Entry[] {
    return this.entries.filter(({ receipt, final }) => receipt !== undefined && final === undefined);
  }
}

export const isFinal = ({ status }: Receipt): boolean =>
  status === "succeeded" || status === "failed" || status === "cancelled";

export type Answer = {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
};

/** What one answer says; `undefined`: there was none. */
export function hear(entry: Entry, answer: Answer | undefined): void {
  const { status = 0, body, headers } = answer ?? {};
  if (status === 200) {
    const { orderId = "" } = body as { orderId?: string };
    entry.last = "acknowledged";
    entry.ids.add(orderId);
    entry.outputs.add(JSON.stringify(body));
  } else if (status === 202) {
    const receipt = body as Receipt;
    entry.last = "acknowledged";
    entry.ids.add(receipt.id);
    entry.receipt = receipt.id;
    entry.path = pathIn(headers?.["location"]) ?? `/receipts/${receipt.id}`;
  } else {
    const code = (body as { code?: string } | undefined)?.code;
    entry.problems.push(code ?? `${status || "no answer"}`);
    // A gateway's own failure, or no answer, says nothing of what the function did.
    entry.last =
      code === undefined || code === "storage-unavailable" || code === "internal" ? "unknown" : "refused";
  }
}

/** Of a whole address too: that of an API of AWS is not to be had here. */
function pathIn(location: unknown): string | undefined {
  return typeof location === "string" ? location.replace(/^https?:\/\/[^/]+/, "") : undefined;
}
