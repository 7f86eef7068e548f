/**
 * What clients do to a server until it dies: calls in all flows, with and without keys, batches, repeats, cancels and
 * looks at receipts, over many connections at once. Everything is written into the ledger before it is sent.
 */
import type { SeededRandom } from "../support/seeded-random.ts";
import type { Asked, Heard } from "./client.ts";
import { type Entry, isAcknowledged, type Ledger } from "./ledger.ts";

export type LoadOptions = {
  /** Begins every tag, so that no two loads share one. */
  readonly name: string;
  readonly connections: number;
  /** Calls at most, over all connections. */
  readonly calls: number;
  /** Told after every answer. */
  readonly onAnswer?: () => void;
  /** Goes on through silence, until it says so: where others serve, or somebody will again. */
  readonly isOver?: () => boolean;
};

export type OneCall = {
  readonly name: string;
  readonly flow: (typeof FLOWS)[number];
  readonly keyed: boolean;
  /** What the handler is to do; nothing special, if nothing is said. */
  readonly work: Input;
};

type Input = Readonly<Record<string, unknown>>;
type Kept = { readonly entry: Entry; readonly input: Input };

const FLOWS = ["event", "event", "spill", "spill", "spill", "request"] as const;
const MOST_BATCH = 12;
const RECENT = 200;
const SILENT_MS = 20;

export class Load {
  readonly #ledger: Ledger;
  readonly #random: SeededRandom;
  readonly #inputs = new Map<string, Input>();
  readonly #batches = new Map<string, readonly Kept[]>();
  readonly #keyed: Kept[] = [];
  readonly #recent: string[] = [];
  #tags = 0;

  constructor(ledger: Ledger, random: SeededRandom) {
    this.#ledger = ledger;
    this.#random = random;
  }

  /** Until the server is silent or all calls are made. First comes what an earlier life left unanswered. */
  async run(client: Asked, { name, connections, calls, onAnswer, isOver }: LoadOptions): Promise<void> {
    let left = calls;
    const open = this.#ledger
      .open()
      .filter(({ tag }) => this.#inputs.has(tag))
      .values();
    const connection = async () => {
      while (left-- > 0 && !isOver?.()) {
        const unanswered = open.next();
        const heard = unanswered.done
          ? await this.#something(client, name)
          : await this.repeat(client, unanswered.value);
        if (heard?.kind !== "silence") onAnswer?.();
        else if (isOver) await new Promise((resolve) => setTimeout(resolve, SILENT_MS));
        else return;
      }
    };
    await Promise.all(Array.from({ length: connections }, connection));
  }

  /** Repeats until every keyed call has an end that somebody was told. Whether it came to that. */
  async settleKeys(client: Asked, withinMs: number): Promise<boolean> {
    const until = performance.now() + withinMs;
    while (performance.now() < until) {
      const open = this.#ledger.open();
      if (open.length === 0) return true;
      const left = open.values();
      const connection = async () => {
        for (const entry of left) await this.repeat(client, entry);
      };
      await Promise.all(Array.from({ length: 16 }, connection));
    }
    return this.#ledger.open().length === 0;
  }

  /** One call; what was heard of it is in the ledger. */
  async call(client: Asked, { name, flow, keyed, work }: OneCall): Promise<Entry> {
    const { entry, input } = this.#newCall(name, flow, keyed, work);
    await this.#send(client, entry, input, {});
    return entry;
  }

  async #something(client: Asked, name: string): Promise<Heard | undefined> {
    const dice = this.#random.fraction();
    if (dice < 0.06) return this.#batch(client, name);
    if (dice < 0.12) return this.#cancel(client);
    if (dice < 0.18) return this.#look(client);
    if (dice < 0.26 && this.#keyed.length > 0)
      return this.repeat(client, this.#random.pick(this.#keyed).entry);
    const { entry, input } = this.#newCall(
      name,
      this.#random.pick(FLOWS),
      this.#random.chance(0.4),
      this.#work(),
    );
    return this.#send(client, entry, input, this.#prefer());
  }

  async #send(client: Asked, entry: Entry, input: Input, headers: Readonly<Record<string, string>>) {
    const [id] = entry.receipts;
    const floor = id === undefined ? undefined : this.#ledger.floor(id);
    const wasAcknowledged = isAcknowledged(entry);
    const key = entry.key === undefined ? {} : { "idempotency-key": `"${entry.key}"` };
    const heard = await client.post(`/operations/${entry.operation}`, input, { ...headers, ...key });
    this.#ledger.hear(entry, heard, floor, wasAcknowledged);
    if (heard.kind === "answer" && heard.status === 202) this.#remember((heard.body as { id: string }).id);
    return heard;
  }

  /** A keyed call once more, as it was sent. */
  async repeat(client: Asked, entry: Entry): Promise<Heard> {
    const batch = this.#batches.get(entry.tag);
    if (batch) return this.#sendBatch(client, batch, entry.key?.replace(/#\d+$/, ""));
    const input = this.#inputs.get(entry.tag);
    if (!input) throw new Error(`The input of ${entry.tag} is not known.`);
    this.#ledger.send(entry);
    return this.#send(client, entry, input, this.#prefer());
  }

  async #batch(client: Asked, name: string): Promise<Heard> {
    const key = this.#random.chance(0.5) ? `batch-${name}-${this.#tags}` : undefined;
    const items = Array.from({ length: 1 + this.#random.integer(MOST_BATCH) }, (_, item) =>
      this.#newCall(name, "event", key === undefined ? false : `${key}#${item}`, this.#work(), false),
    );
    if (key !== undefined) for (const { entry } of items) this.#batches.set(entry.tag, items);
    return this.#sendBatch(client, items, key, true);
  }

  async #sendBatch(client: Asked, items: readonly Kept[], key: string | undefined, isFirst = false) {
    if (!isFirst) for (const { entry } of items) this.#ledger.send(entry);
    const heard = await client.ask({
      method: "POST",
      path: "/operations/tally-event/batch",
      headers: {
        "content-type": "application/x-ndjson",
        ...(key !== undefined && { "idempotency-key": `"${key}"` }),
      },
      body: items.map(({ input }) => `${JSON.stringify(input)}\n`).join(""),
    });
    if (heard.kind === "answer" && heard.status === 202) {
      for (const [place, told] of (heard.body as unknown[]).entries()) {
        const item = items[place];
        if (item) this.#ledger.hearItem(item.entry, told);
      }
    } else for (const { entry } of items) this.#ledger.hear(entry, heard);
    return heard;
  }

  async #cancel(client: Asked): Promise<Heard | undefined> {
    const id = this.#recent.at(-1 - this.#random.integer(Math.min(16, this.#recent.length || 1)));
    if (id === undefined) return undefined;
    const floor = this.#ledger.floor(id);
    this.#ledger.askCancel(id);
    const heard = await client.ask({ method: "DELETE", path: `/receipts/${id}` });
    this.#ledger.hearCancel(id, heard, floor);
    return heard;
  }

  async #look(client: Asked): Promise<Heard | undefined> {
    if (this.#recent.length === 0) return undefined;
    const id = this.#random.pick(this.#recent);
    const floor = this.#ledger.floor(id);
    const heard = await client.ask({ path: `/receipts/${id}` });
    this.#ledger.look(id, heard, floor);
    return heard;
  }

  #newCall(
    name: string,
    flow: (typeof FLOWS)[number],
    keyed: boolean | string,
    work: Input,
    isRepeatable = true,
  ): Kept {
    const tag = `${name}.${this.#tags++}`;
    const worth = 1 + this.#random.integer(1_000);
    const key = keyed === true ? `key-${tag}` : keyed === false ? undefined : keyed;
    const entry = this.#ledger.send({
      tag,
      operation: `tally-${flow}`,
      worth,
      ...(key !== undefined && { key }),
    });
    const kept = { entry, input: { tag, worth, ...work } };
    if (key !== undefined) {
      this.#inputs.set(tag, kept.input);
      if (isRepeatable) this.#keyed.push(kept);
    }
    return kept;
  }

  /** What the handler is to do: mostly a little, now and then to fail, to refuse or to take long. */
  #work(): Input {
    const dice = this.#random.fraction();
    if (dice < 0.03) return { fails: 1 };
    if (dice < 0.033) return { fails: 99 };
    if (dice < 0.043) return { refuses: true };
    if (dice < 0.045) return { pauseMs: 1_200 };
    return dice < 0.5 ? {} : { pauseMs: 1 + this.#random.integer(10) };
  }

  #prefer(): Readonly<Record<string, string>> {
    const dice = this.#random.fraction();
    if (dice < 0.15) return { prefer: "respond-async" };
    return dice < 0.3 ? { prefer: "wait=1" } : {};
  }

  #remember(id: string): void {
    this.#recent.push(id);
    if (this.#recent.length > RECENT) this.#recent.shift();
  }
}
