/** The admin routes as an operator's client sees them. */
import assert from "node:assert/strict";
import type { Answer } from "./client.ts";
import { answered, type Problem, type Receipt } from "./judge.ts";
import type { Server } from "./server.ts";

export type Page<T> = { readonly items: readonly T[]; readonly next: string | null };

/** An operation or a resource. */
export type Entry = Readonly<Record<string, unknown>> & { readonly name: string };

export type Job = Receipt & {
  readonly principal: string;
  readonly cancelRequested: boolean;
  readonly input: { readonly tag: string };
};

export type Attempt = {
  readonly number: number;
  readonly start: string;
  readonly end: string;
  readonly node: string;
  readonly error?: Problem;
};

export type OneJob = Job & {
  readonly origin: string;
  readonly traceId: string | null;
  readonly attempts: readonly Attempt[];
  readonly effects: readonly unknown[];
};

export type DeadLetters = {
  readonly operation: string;
  readonly errorCode: string;
  readonly count: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
};

export type AuditEntry = {
  readonly at: string;
  readonly by: string;
  readonly action: string;
  readonly target: string;
  readonly detail: unknown;
};

export class Operator {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  get(path: string): Promise<Answer> {
    return this.#server.admin.get(`/admin/${path}`);
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.#server.admin.post(`/admin/${path}`, body);
  }

  patch(path: string, body: unknown): Promise<Answer> {
    return this.#server.admin.send(`/admin/${path}`, { method: "PATCH", body });
  }

  async list<T>(path: string): Promise<Page<T>> {
    const answer = await this.get(path);
    assert.equal(answer.headers["cache-control"], "no-store");
    const page = answered<Page<T>>(answer);
    assert.deepEqual(Object.keys(page).toSorted(), ["items", "next"]);
    return page;
  }

  async entry(kind: "operations" | "resources", name: string): Promise<Entry> {
    const found = (await this.list<Entry>(kind)).items.find((entry) => entry.name === name);
    assert.ok(found, name);
    return found;
  }
}
