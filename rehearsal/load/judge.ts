/** Holds what a deployment holds against what its clients were told. Pure. */
import type { Entry } from "./ledger.ts";
import type { Redriven } from "./redrive.ts";
import type { View } from "./view.ts";

export type Breach = {
  readonly kind:
    | "lost"
    | "doubled"
    | "half-written"
    | "invented"
    | "two answers"
    | "never ended"
    | "wrong end"
    | "unheard"
    | "not in the dead letters"
    | "redrive"
    | "over the limit"
    | "not allowed"
    | "nothing happened";
  readonly detail: string;
};

/** What was in use at once at most, and what is allowed. */
export type UsedLimit = {
  readonly name: string;
  readonly peak: number;
  readonly limit: number;
  readonly uses: number;
};

export type Evidence = {
  readonly entries: readonly Entry[];
  readonly view: View;
  readonly limits: readonly UsedLimit[];
  readonly redriven: Redriven;
  /** Requests that a role refused. */
  readonly denied: Readonly<Record<string, number>>;
  /** No socket was lost and no function killed: each must have heard by a push. */
  readonly pushesMustArrive: boolean;
};

export function judge(evidence: Evidence): readonly Breach[] {
  const { entries, view, limits, redriven, denied } = evidence;
  const acknowledged = entries.filter(({ last }) => last === "acknowledged");
  return [
    ...(acknowledged.length === 0 ? [breach("nothing happened", "No call was ever acknowledged.")] : []),
    ...entries.flatMap((entry) => entryBreaches(entry, view)),
    ...entries.flatMap((entry) => hearingBreaches(entry, evidence)),
    ...strayBreaches(entries, view),
    ...deadLetterBreaches(entries, view),
    ...limits.flatMap(({ name, peak, limit, uses }) => [
      ...(peak > limit
        ? [breach("over the limit", `${name}: ${peak} at once, and ${limit} are allowed.`)]
        : []),
      ...(uses === 0 ? [breach("nothing happened", `${name} was never seen in use.`)] : []),
    ]),
    ...(redriven.counted === redriven.asked && redriven.succeeded === redriven.asked
      ? []
      : [
          breach(
            "redrive",
            `Of ${redriven.asked}, ${redriven.counted} were redriven and ${redriven.succeeded} succeeded.`,
          ),
        ]),
    ...Object.entries(denied).map(([what, count]) => breach("not allowed", `${what} (${count} times)`)),
  ];
}

function entryBreaches(entry: Entry, { orders, confirmations }: View): readonly Breach[] {
  const { tag, ids, outputs, receipt, final, isDirect } = entry;
  const found: Breach[] = [];
  const written = orders.get(tag) ?? [];
  const [least, most] = rightCounts(entry);
  if (written.length > 1)
    found.push(breach("doubled", `${about(entry)} has the orders ${written.join(", ")}.`));
  else if (written.length < least)
    found.push(breach("lost", `${about(entry)} was acknowledged and has no order.`));
  else if (written.length > most)
    found.push(breach("half-written", `${about(entry)} did not succeed and has an order.`));
  if ((ids.size > 1 && !isDirect) || outputs.size > 1)
    found.push(breach("two answers", `${about(entry)} was answered ${[...ids, ...outputs].join(" and ")}.`));
  const [id] = ids;
  if (!isDirect && id !== undefined && written[0] !== undefined && written[0] !== id)
    found.push(breach("two answers", `${about(entry)} was answered ${id}, and its order is ${written[0]}.`));
  if (receipt !== undefined && final === undefined)
    found.push(breach("never ended", `${about(entry)} has not ended.`));
  if (final !== undefined && final.status !== (entry.poison ? "failed" : "succeeded"))
    found.push(breach("wrong end", `${about(entry)} is ${final.status} (${final.error?.code}).`));
  for (const order of written) found.push(...confirmationBreaches(order, confirmations.get(order) ?? []));
  return found;
}

function confirmationBreaches(
  order: string,
  sent: View["confirmations"] extends ReadonlyMap<string, infer T> ? T : never,
): readonly Breach[] {
  if (sent.length === 0) return [breach("lost", `No confirmation was sent for the order ${order}.`)];
  if (sent.length > 1)
    return [breach("doubled", `${sent.length} confirmations were sent for the order ${order}.`)];
  const [{ status } = { status: "unknown" }] = sent;
  return status === "succeeded" ? [] : [breach("never ended", `The confirmation of ${order} is ${status}.`)];
}

/** How many orders it may have, by all that its client was told. */
function rightCounts({
  last,
  poison,
  outputs,
  receipt,
  final,
  key,
}: Entry): readonly [least: number, most: number] {
  if (poison) return [0, 0];
  if (outputs.size > 0) return [1, 1];
  if (receipt !== undefined)
    return final === undefined ? [0, 1] : final.status === "succeeded" ? [1, 1] : [0, 0];
  // Under a key every answer but the last may have been of a run that went on.
  return [0, last === "unknown" || key !== undefined ? 1 : 0];
}

function hearingBreaches(entry: Entry, { pushesMustArrive }: Evidence): readonly Breach[] {
  if (entry.receipt === undefined || entry.follow !== "socket") return [];
  const { heardBy } = entry;
  if (heardBy === "push" || (heardBy === "asked again" && !pushesMustArrive)) return [];
  const how = heardBy === undefined ? "never" : `only by: ${heardBy}`;
  return [breach("unheard", `The socket that follows ${about(entry)} heard its end ${how}.`)];
}

function strayBreaches(entries: readonly Entry[], { orders }: View): readonly Breach[] {
  const called = new Set(entries.map(({ tag }) => tag));
  return [...orders.keys()]
    .filter((tag) => !called.has(tag))
    .map((tag) => breach("invented", `${tag} has an order, and nobody called for it.`));
}

/** Poison that was acknowledged is in the dead letters, each for the reason that it failed for. */
function deadLetterBreaches(entries: readonly Entry[], { deadLetters }: View): readonly Breach[] {
  const expected = new Map<string, number>();
  for (const { final, flow } of entries) {
    if (final?.status !== "failed") continue;
    const key = `${flow} ${final.error?.code}`;
    expected.set(key, (expected.get(key) ?? 0) + 1);
  }
  const found = new Map(
    deadLetters.map(({ operation, errorCode, count }) => [`${operation} ${errorCode}`, count]),
  );
  return [...new Set([...expected.keys(), ...found.keys()])].flatMap((key) => {
    const [wanted, there] = [expected.get(key) ?? 0, found.get(key) ?? 0];
    return wanted === there
      ? []
      : [breach("not in the dead letters", `${key}: ${there} there, and ${wanted} failed.`)];
  });
}

const about = ({ tag, flow, key, receipt }: Entry): string =>
  `${tag} (${flow}${key === undefined ? "" : ", with a key"}${receipt === undefined ? "" : `, receipt ${receipt}`})`;

const breach = (kind: Breach["kind"], detail: string): Breach => ({ kind, detail });
