/** Starts an app as a process of its own and talks to it as anybody would: by its port, its signals, its output. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../support/free-ports.ts";
import { Client } from "./client.ts";
import { commandFor, deployment } from "./deployment.ts";
import { SECOND, until, within } from "./wait.ts";

export const ADMIN_TOKEN = "wire-suite-admin-token-0123456789abcdef";

const root = join(import.meta.dirname, "../../..");

/** For Node.js, of a child with a channel to its test. */
export const WITH_ITS_TEST = ["--import", join(import.meta.dirname, "with-its-test.ts")] as const;

export type StartOptions = {
  readonly environment?: Readonly<Record<string, string>>;
  /** `null`: none is set, so that the server makes one. */
  readonly adminToken?: string | null;
  /** A folder of an earlier server, to go on with. */
  readonly folder?: string;
  /** The port of an earlier server; a free one otherwise. */
  readonly port?: number;
};

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export class Server {
  readonly port: number;
  readonly folder: string;
  readonly client: Client;
  readonly admin: Client;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #keeps: boolean;
  #output = "";
  #questions = 0;

  constructor(child: ChildProcess, port: number, folder: string, keeps: boolean) {
    this.port = port;
    this.folder = folder;
    this.client = new Client(port);
    this.admin = this.client.with({ authorization: `Bearer ${ADMIN_TOKEN}` });
    this.#child = child;
    this.#keeps = keeps;
    this.exited = once(child, "exit").then(([code, signal]) => ({ code, signal }));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
      });
    }
  }

  /** What it has printed. */
  get output(): string {
    return this.#output;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Asks one of the test apps something beside HTTP. */
  async ask<T>(question: string, about: string): Promise<T> {
    const number = ++this.#questions;
    const { promise, resolve } = Promise.withResolvers<T>();
    const hear = (reply: { number: number; answer: T }) => {
      if (reply.number === number) resolve(reply.answer);
    };
    this.#child.on("message", hear);
    try {
      this.#child.send({ number, question, about });
      return await within(`the app's answer to ${question} ${about}`, promise);
    } finally {
      this.#child.off("message", hear);
    }
  }

  async stop(): Promise<void> {
    this.client.close();
    if (this.running) this.signal("SIGKILL");
    await this.exited;
    if (!this.#keeps) rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Serves a program of the repository, such as `examples/orders/main.ts`, on a free port. */
export async function start(program: string, options: StartOptions = {}): Promise<Server> {
  const port = options.port ?? (await freePort());
  const folder = options.folder ?? newFolder();
  const { adminToken = ADMIN_TOKEN } = options;
  const { SPILLWAY_ADMIN_TOKEN: _, NODE_TEST_CONTEXT: __, ...inherited } = process.env;
  const { args, seconds } = commandFor(program);
  const elsewhere = await storedElsewhere();
  const child = spawn(process.execPath, [...WITH_ITS_TEST, ...(elsewhere?.nodeOptions ?? []), ...args], {
    cwd: root,
    env: {
      ...inherited,
      HOST: "127.0.0.1",
      PORT: String(port),
      SPILLWAY_DATA: folder,
      ...(await elsewhere?.environmentOf(folder)),
      ...(adminToken === null ? {} : { SPILLWAY_ADMIN_TOKEN: adminToken }),
      ...options.environment,
    },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const server = new Server(child, port, folder, options.folder !== undefined);
  try {
    await until("the server is ready", () => answers(server), seconds * SECOND);
  } catch (error) {
    await server.stop();
    throw new Error(`${program} did not start. It printed:\n${server.output}`, { cause: error });
  }
  return server;
}

export const startOrders = (options: StartOptions = {}): Promise<Server> =>
  start("examples/orders/main.ts", options);

export const startApp = (name: string, options: StartOptions = {}): Promise<Server> =>
  start(`test/wire/apps/${name}.ts`, options);

export const newFolder = (): string => mkdtempSync(join(tmpdir(), "spillway-wire-"));

/** Only now, so that what is needed for one need not be there for the others. */
async function storedElsewhere() {
  if (deployment === "container") return import("../../aws/support/wire.ts");
  if (deployment === "postgres") return import("../../postgres/support/wire.ts");
  return undefined;
}

async function answers(server: Server): Promise<boolean> {
  if (!server.running) throw new Error("It ended.");
  return server.client.get("/health/ready").then(
    ({ status }) => status === 200,
    () => false,
  );
}
