/** Handlers that do what handlers do, well and badly, and who of them runs when. */
import { ProblemError, ThrottledError } from "../../../src/core/errors.ts";
import { type Context, type Operation, operation } from "../../../src/core/operation.ts";
import type { Resource } from "../../../src/core/resource.ts";
import { table } from "../../../src/core/table.ts";
import { anything } from "../schemas.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { TestClock } from "../test-clock.ts";

/** What a handler says it did, so that it can be compared with what the store has. */
export type Output = { readonly id: string; readonly wrote: number; readonly sent: number };

type Row = { readonly key: string; readonly n: number };
export const TABLE = "rows";
const rows = table<Row>(TABLE, { schema: anything as never, key: "key" });
export const sentBy = (id: string) => `sent by ${id}`;

const TIMEOUT_MS = 2_000;
/** Shorter than the grace after which a slot is given up. */
const OUTLASTING_MS = 8_000;

/** Counts the handlers that are at it, until they have really ended. */
export class Witness {
  peak = 0;
  /** Runs that began while another of the same call or job was at it. */
  overlaps = 0;
  #running = 0;
  readonly #runs = new Map<string, number>();

  /** Returns what to call at the end; a second call is not heard. */
  begins(id: string): () => void {
    const before = this.#runs.get(id) ?? 0;
    if (before > 0) this.overlaps++;
    this.#runs.set(id, before + 1);
    this.peak = Math.max(this.peak, ++this.#running);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#running--;
      this.#runs.set(id, (this.#runs.get(id) ?? 1) - 1);
    };
  }
}

/** `clock` comes with the world, which comes with the operations. */
export type Stage = { readonly random: SeededRandom; readonly clock: () => TestClock };
type Behaviour = (context: Context, stage: Stage, target: Operation) => unknown;

const wrote = ({ id, write }: Context): Output => {
  write(rows).add(id, { n: 1 });
  return { id, wrote: 1, sent: 0 };
};
const later = ({ clock, random }: Stage, mostMs: number) =>
  new Promise<void>((resolve) => clock().after(random.integer(mostMs), resolve));

const behaviours: readonly Behaviour[] = [
  wrote,
  () => {
    throw new Error("at once");
  },
  () => {
    throw new ThrottledError("not now");
  },
  () => {
    throw new ProblemError({ status: 404, code: "no-such-thing" });
  },
  (context, stage) => later(stage, 1.5 * TIMEOUT_MS).then(() => wrote(context)),
  (_context, stage) => later(stage, 1.5 * TIMEOUT_MS).then(() => Promise.reject(new Error("later"))),
  ({ id }, { clock, random }) => ({
    // biome-ignore lint/suspicious/noThenProperty: a query builder that is awaited looks like this, and may say it twice.
    then: (resolve: (output: Output) => void) =>
      clock().after(random.integer(300), () => {
        resolve({ id, wrote: 0, sent: 0 });
        resolve({ id, wrote: 9, sent: 9 });
      }),
  }),
  async (context, { random }) => {
    const { read, write } = context;
    await read(rows).get("what everybody reads");
    write(rows).put({ key: "what everybody reads", n: random.fraction() });
    return wrote(context);
  },
  ({ id, signal }, { clock }) =>
    new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      clock().after(2.5 * TIMEOUT_MS, () => resolve({ id, wrote: 0, sent: 0 }));
    }),
  (context, _stage, target) => {
    const { id, send, progress, write } = context;
    send(target, { from: id });
    setImmediate(() => {
      write(rows).add(id, { n: 1 });
      progress({ ratio: 1 });
    });
    return { ...wrote(context), sent: 1 };
  },
  ({ id }, { clock }) =>
    new Promise((resolve) => clock().after(OUTLASTING_MS, () => resolve({ id, wrote: 0, sent: 0 }))),
  (context) => {
    context.progress({ ratio: 0.5 });
    return Promise.resolve(wrote(context));
  },
];

/** Three operations, one of each flow, that do anything; and the one that they send to. */
export function operationsOf(shared: Resource, witness: Witness, stage: Stage): readonly Operation[] {
  const { random } = stage;
  const base = {
    input: anything,
    limits: shared,
    timeout: `${TIMEOUT_MS}ms`,
    retry: { maxAttempts: 3 },
  } as const;
  const target = operation({ ...base, name: "target", flow: "event" }, (input, { write }) =>
    write(rows).add(sentBy((input as { readonly from: string }).from), { n: 1 }),
  );
  const handler = (_input: unknown, context: Context) =>
    watched(witness.begins(context.id), () => random.pick(behaviours)(context, stage, target));
  const backlog = random.chance(0.3) ? { backlog: 20 } : {};
  return [
    target,
    operation({ ...base, ...backlog, name: "event", flow: "event" }, handler),
    operation({ ...base, name: "spill", flow: "spill" }, handler),
    operation({ ...base, name: "request", flow: "request" }, handler),
  ];
}

function watched(ended: () => void, run: () => unknown): unknown {
  let result: unknown;
  try {
    result = run();
  } catch (error) {
    ended();
    throw error;
  }
  if (result instanceof Promise) return result.finally(ended);
  if (!isThenable(result)) {
    ended();
    return result;
  }
  const thenable = result;
  return {
    // biome-ignore lint/suspicious/noThenProperty: handed on as it is, no promise.
    then: (resolve: (value: unknown) => void) =>
      thenable.then((value) => {
        ended();
        resolve(value);
      }),
  };
}

function isThenable(value: unknown): value is { then: (resolve: (value: unknown) => void) => void } {
  return typeof value === "object" && value !== null && "then" in value;
}
