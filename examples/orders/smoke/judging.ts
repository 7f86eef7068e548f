/** What the checks of a deployment share: marked orders, and what a good answer is. */
import assert from "node:assert/strict";
import { member } from "../client.ts";
import type { Receipt } from "../receipts.ts";
import type { Answer, Order, Site } from "./site.ts";

export type Check = {
  readonly name: string;
  /** Answers what is worth telling, and `skipped` where it does not apply. */
  readonly run: (site: Site, run: Run) => Promise<string | Skipped>;
};

export class Skipped {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

export class Run {
  /** How many calls at once, where a check sends many. */
  readonly calls: number;
  readonly #mark = crypto.randomUUID().slice(0, 8);
  #orders = 0;

  constructor(calls: number) {
    this.calls = calls;
  }

  order(sku = "lamp"): Order {
    this.#orders++;
    return { sku, quantity: 1 + (this.#orders % 9), customer: `smoke ${this.#mark} ${this.#orders}` };
  }

  key(): string {
    return `smoke-${this.#mark}-${crypto.randomUUID()}`;
  }
}

export function expect(answer: Answer, status: number, code?: string): Answer {
  const told = `${answer.status} ${JSON.stringify(answer.body)}`;
  assert.equal(answer.status, status, `It should have answered ${status}, and answered ${told}`);
  if (code !== undefined)
    assert.equal(member(answer.body, "code"), code, `Its code should be ${code}: ${told}`);
  return answer;
}

/** The receipt's path, of a `202` as it should be; its whole address, where the gateway itself gave it. */
export function accepted(answer: Answer): string {
  expect(answer, 202);
  const location = answer.headers.get("location") ?? "";
  assert.match(
    location,
    /^(https?:\/\/[^/]+)?\/receipts\/[^/?]+/,
    `A 202 without the path of a receipt: Location is "${location}"`,
  );
  assert.ok(Number(answer.headers.get("retry-after")) >= 1, "A 202 without Retry-After");
  return location;
}

export async function succeeded(site: Site, path: string): Promise<Receipt> {
  const receipt = await site.receipt(path);
  assert.equal(receipt.status, "succeeded", `The receipt ${path} ended as ${JSON.stringify(receipt)}`);
  return receipt;
}

/** The order is in the table, as it was placed. */
export async function placed(site: Site, output: unknown, order: Order): Promise<void> {
  const orderId = member(output, "orderId");
  const { body } = expect(await site.call("get-order", { orderId }), 200);
  const { sku, quantity, customer } = order;
  const kept = {
    sku: member(body, "sku"),
    quantity: member(body, "quantity"),
    customer: member(body, "customer"),
  };
  assert.deepEqual(
    kept,
    { sku, quantity, customer },
    `The order ${orderId} is kept as ${JSON.stringify(body)}`,
  );
}

export async function timed<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  const started = performance.now();
  return [await work(), performance.now() - started];
}

export const ms = (time: number) => `${Math.round(time)} ms`;

/** Whoever may administer; or why not. */
export async function administers(site: Site): Promise<Skipped | undefined> {
  const { status } = await site.administer("GET", "operations");
  if (status === 200) return undefined;
  return new Skipped(`it needs the administrator's token in SPILLWAY_ADMIN_TOKEN; it was answered ${status}`);
}
