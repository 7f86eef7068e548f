/** A running app on a PostgreSQL schema of its own, with tables of the app's own beside the store's; in real time. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { Client, type QueryResult } from "pg";
import { type RunningApp, spillway } from "../../../src/app/app.ts";
import type { Operation } from "../../../src/core/operation.ts";
import type { DoorRequest } from "../../../src/door/exchange.ts";
import { type PostgresOptions, type PostgresStore, postgres } from "../../../src/engines/postgres/index.ts";
import { type Answer, answerOf, requestOf } from "../../support/door-exchange.ts";
import { cluster, dropSchema, newSchema } from "./cluster.ts";

const PATIENCE_MS = 10_000;

export class OwnWorld {
  readonly url: string;
  readonly schema: string;
  readonly errors: unknown[] = [];
  readonly news: string[] = [];
  /** Another program's connection. */
  readonly client: Client;
  #store: PostgresStore | undefined;
  #app: RunningApp | undefined;

  private constructor(url: string, schema: string, client: Client) {
    this.url = url;
    this.schema = schema;
    this.client = client;
  }

  /** @param tables texts in which `$` stands for the schema */
  static async prepare(t: TestContext, ...tables: string[]): Promise<OwnWorld> {
    const on = await cluster();
    const schema = newSchema();
    const client = new Client({ connectionString: on.url });
    await client.connect();
    const world = new OwnWorld(on.url, schema, client);
    t.after(async () => {
      await world.stop();
      await client.end();
      await dropSchema(on, schema);
    });
    await client.query(`CREATE SCHEMA "${schema}"`);
    for (const table of tables) await world.query(table);
    return world;
  }

  get store(): PostgresStore {
    assert.ok(this.#store, "the app was started");
    return this.#store;
  }

  /** A statement with the schema where `$.` stands. */
  text(text: string): string {
    return text.replaceAll("$.", `"${this.schema}".`);
  }

  query(text: string, values?: unknown[]): Promise<QueryResult> {
    return this.client.query(this.text(text), values);
  }

  async start(
    operations: readonly Operation[],
    options: PostgresOptions = {},
    url = this.url,
  ): Promise<void> {
    this.#store = postgres(url, { schema: this.schema, ...options });
    const onNews = (text: string) => void this.news.push(text);
    const host = { node: "test", adminToken: undefined, boundToLoopback: true, onFatal: assert.fail, onNews };
    this.#app = await spillway({
      operations,
      engine: this.#store,
      onError: (error) => this.errors.push(error),
    }).start(host);
  }

  async stop(): Promise<void> {
    const app = this.#app;
    this.#app = undefined;
    await app?.finishWork(1_000);
    await app?.close();
  }

  async call(operation: string, input: unknown, headers: DoorRequest["headers"] = {}): Promise<Answer> {
    return this.ask("POST", `/operations/${operation}`, headers, JSON.stringify(input));
  }

  async ask(method: string, path: string, headers: DoorRequest["headers"] = {}, body = ""): Promise<Answer> {
    assert.ok(this.#app, "the app was started");
    return answerOf(await this.#app.door.handle(requestOf(method, path, { headers, body })));
  }

  /** The receipt, once it says that it is over. */
  async ended(id: unknown): Promise<Answer["body"]> {
    return this.until(async () => {
      const { body } = await this.ask("GET", `/receipts/${id}`);
      return ["succeeded", "failed", "cancelled"].includes(String(body["status"])) ? body : undefined;
    });
  }

  async until<T>(seen: () => Promise<T | undefined>): Promise<T> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = await seen();
      if (found !== undefined) return found;
      assert.ok(performance.now() < end, `it did not come about within ${PATIENCE_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
