/** Several processes of one app on one schema of PostgreSQL, each with a role, started and ended as an operator does. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Client as Connection } from "pg";
import type { Role } from "../../../src/core/runtime.ts";
import { freePorts } from "../../support/free-ports.ts";
import { Client } from "../../wire/support/client.ts";
import { WITH_ITS_TEST } from "../../wire/support/server.ts";
import { SECOND, until, within } from "../../wire/support/wait.ts";
import { type Cluster, cluster, dropSchema, newSchema } from "./cluster.ts";

const root = join(import.meta.dirname, "../../..");
const COMMAND = join(root, "src/cli/main.ts");
const APP = join(import.meta.dirname, "../apps/site-app.ts");
export const ADMIN_TOKEN = "the-administrator-of-this-site";
const KEPT_CHARACTERS = 4_000;

export type SiteOptions = { readonly roles: readonly Role[]; readonly capacity: number };

/** One run of a handler, as it noted it itself. */
export type Run = {
  readonly tag: string;
  readonly job: string;
  readonly begun: number;
  readonly ended: number | null;
};

export class SiteNode {
  readonly role: Role;
  readonly port: number;
  readonly client: Client;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #app: string;
  #child: ChildProcess | undefined;
  #output = "";

  constructor(role: Role, port: number, environment: NodeJS.ProcessEnv, app = APP) {
    this.role = role;
    this.port = port;
    this.client = new Client(port);
    this.#environment = environment;
    this.#app = app;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** The end of what it has printed. */
  get output(): string {
    return this.#output;
  }

  /** Resolves when it is ready. */
  async start(): Promise<void> {
    const args = [
      ...WITH_ITS_TEST,
      COMMAND,
      "serve",
      this.#app,
      "--role",
      this.role,
      "--port",
      String(this.port),
    ];
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: this.#environment,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output = (this.#output + text).slice(-KEPT_CHARACTERS);
      });
    }
    await until(
      () => `the ${this.role} is ready. It printed:\n${this.#output}`,
      () => {
        if (child.exitCode !== null) throw new Error(`The ${this.role} ended:\n${this.#output}`);
        return this.client.get("/health/ready").then(
          ({ status }) => status === 200,
          () => false,
        );
      },
      30 * SECOND,
    );
  }

  /** Ends it by this signal; answers with its exit code. */
  async end(signal: NodeJS.Signals, withinMs = 30 * SECOND): Promise<number | null> {
    const child = this.#child;
    if (!child) return null;
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, "exit");
      child.kill(signal);
      await within(`the ${this.role} ends. It printed:\n${this.#output}`, exited, withinMs);
    }
    this.client.close();
    return child.exitCode;
  }
}

export class Site {
  readonly nodes: readonly SiteNode[];
  readonly schema: string;
  readonly #cluster: Cluster;
  readonly #connection: Connection;

  private constructor(nodes: readonly SiteNode[], schema: string, postgres: Cluster, connection: Connection) {
    this.nodes = nodes;
    this.schema = schema;
    this.#cluster = postgres;
    this.#connection = connection;
  }

  static async start({ roles, capacity }: SiteOptions): Promise<Site> {
    const postgres = await cluster();
    const schema = newSchema();
    const connection = new Connection({ connectionString: postgres.url });
    await connection.connect();
    await connection.query(`CREATE SCHEMA ${schema}_notes`);
    await connection.query(`CREATE TABLE ${schema}_notes.runs (run bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      tag text, job text, node int, begun timestamptz DEFAULT clock_timestamp(), ended timestamptz)`);
    const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
    const environment = {
      ...inherited,
      HOST: "127.0.0.1",
      SPILLWAY_ADMIN_TOKEN: ADMIN_TOKEN,
      SITE_DATABASE: postgres.url,
      SITE_SCHEMA: schema,
      SITE_CAPACITY: String(capacity),
    };
    const ports = await freePorts(roles.length);
    const nodes = roles.map((role, i) => new SiteNode(role, ports[i] as number, environment));
    const site = new Site(nodes, schema, postgres, connection);
    try {
      await Promise.all(nodes.map((node) => node.start()));
    } catch (error) {
      await site.end();
      throw error;
    }
    return site;
  }

  of(role: Role): readonly SiteNode[] {
    return this.nodes.filter((node) => node.role === role);
  }

  /** Every run that began, in that order. */
  async runs(): Promise<readonly Run[]> {
    const milliseconds = (what: string) => `extract(epoch FROM ${what})::float8 * 1000 AS ${what}`;
    const { rows } = await this.#connection.query<Run>(
      `SELECT tag, job, ${milliseconds("begun")}, ${milliseconds("ended")} FROM ${this.schema}_notes.runs ORDER BY begun`,
    );
    return rows;
  }

  /** The tags of what handlers wrote through Spillway, each with the job that wrote it. */
  async kept(): Promise<ReadonlyMap<string, string>> {
    const { rows } = await this.#connection.query<{ key: string; value: string }>(
      `SELECT key, value FROM ${this.schema}.items WHERE "table" = 'kept' AND value IS NOT NULL`,
    );
    return new Map(rows.map(({ key, value }) => [key, (JSON.parse(value) as { by: string }).by]));
  }

  async end(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.end("SIGKILL")));
    await this.#connection.end();
    await dropSchema(this.#cluster, `${this.schema}_notes`);
    await dropSchema(this.#cluster, this.schema);
  }
}
