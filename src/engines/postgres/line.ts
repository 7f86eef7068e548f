/**
 * One connection. What is sent without waiting for an answer goes out together and is answered in its order. A
 * connection that falls silent while it owes an answer is given up: the other side may be gone without a word.
 */
import { Client, types } from "pg";
import {
  Broken,
  described,
  endsConnection,
  isReadOnly,
  isUnnamed,
  NotConnected,
  sqlState,
  Unfit,
} from "./failures.ts";
import type { Address } from "./options.ts";
import { Deadline } from "./pauses.ts";

/** Prepared under its name, once a connection; without one, planned anew each time with the values at hand. */
export type Statement = {
  readonly name?: string;
  readonly text: string;
  /** Another's: the server refuses it if it is more than one. */
  readonly single?: boolean;
};

/** `count`: rows that were changed, or that came back. */
export type Result<R> = { readonly rows: readonly R[]; readonly count: number; readonly command: string };

export type Value = string | number | boolean | null | Buffer | bigint;

/** So long may an answer take. Statements of ours take milliseconds; one may wait that long for another's lock. */
export const SILENCE_MS = 10_000;
const CONNECT_MS = 2_000;
const KEEP_ALIVE_MS = 5_000;
const INT8 = 20;

type Sent = {
  readonly text: string;
  readonly name?: string;
  readonly values?: Value[];
  readonly rowMode: "array";
  readonly queryMode?: string;
};
type Received = { readonly rows: unknown[]; readonly rowCount: number | null; readonly command: string };
type Answered = (error: unknown, received: Received | readonly Received[]) => void;

/** Whether statements are sent by name: no more once a pooler was met. All connections of an engine share it. */
export type Naming = { named: boolean };

export class Line {
  readonly #client: Client;
  readonly #naming: Naming;
  readonly #silenceMs: number;
  #deadline: Deadline | undefined;
  #pending = 0;
  #isGathering = false;
  #broken: unknown;
  #onBroken: (() => void) | undefined;

  private constructor(client: Client, naming: Naming, silenceMs: number) {
    this.#client = client;
    this.#naming = naming;
    this.#silenceMs = silenceMs;
    client.on("error", (error) => this.#break(error));
    client.on("end", () => this.#break(new Error("The server ended the connection.")));
  }

  static async open(
    address: Address,
    naming: Naming,
    applicationName = "spillway",
    silenceMs = SILENCE_MS,
  ): Promise<Line> {
    const client = new Client({
      ...address,
      pipeline: true,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
      connectionTimeoutMillis: CONNECT_MS,
      fallback_application_name: applicationName,
      types: { getTypeParser },
    } as ConstructorParameters<typeof Client>[0]);
    const line = new Line(client, naming, silenceMs);
    try {
      await client.connect();
    } catch (error) {
      void client.end().catch(() => {});
      throw sqlState(error) === undefined ? notOpened(error) : error;
    }
    return line;
  }

  /** For what else a connection is good for: notifications. */
  get client(): Client {
    return this.#client;
  }

  get pending(): number {
    return this.#pending;
  }

  get isBroken(): boolean {
    return this.#broken !== undefined;
  }

  /** Told at once if it is broken already: the server may end a connection in the packet that welcomes it. */
  onBroken(told: () => void): void {
    if (this.#broken !== undefined) told();
    else this.#onBroken = told;
  }

  send<R>({ name, text, single }: Statement, values?: readonly Value[]): Promise<Result<R>> {
    const query = {
      text,
      rowMode: "array",
      ...(single && { queryMode: "extended" }),
      ...(values && { values: values as Value[] }),
      ...(name !== undefined && this.#naming.named && { name }),
    } as const satisfies Sent;
    return new Promise((resolve, reject) => {
      if (this.#broken !== undefined) return reject(this.#brokenError());
      this.#expect();
      this.#gather();
      const answered: Answered = (error, received) => {
        this.#answered();
        if (error) {
          if ("name" in query && isUnnamed(error)) this.#naming.named = false;
          return reject(this.#errorOf(error));
        }
        const { rows, rowCount, command } = lastOf(received);
        resolve({ rows: rows as R[], count: rowCount ?? 0, command });
      };
      void this.#client.query(query as never, answered as never);
    });
  }

  /** What is under way fails. */
  destroy(reason: string): void {
    this.#break(new Error(reason));
  }

  async close(): Promise<void> {
    if (this.#broken !== undefined) return;
    this.#broken = new Error("The connection is closed.");
    this.#deadline?.cancel();
    await this.#client.end().catch(() => {});
  }

  /** All that is sent in one go leaves as one write: BEGIN, statements and COMMIT would be a system call each. */
  #gather(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    const stream = streamOf(this.#client);
    stream.cork();
    process.nextTick(() => {
      this.#isGathering = false;
      stream.uncork();
    });
  }

  #errorOf(error: unknown): unknown {
    if (sqlState(error) !== undefined && !endsConnection(error)) return error;
    this.#break(error);
    // That was an answer: nothing was kept.
    return isReadOnly(error) ? error : this.#brokenError();
  }

  #brokenError(): Broken {
    return new Broken(`The connection broke: ${described(this.#broken)}`, false, this.#broken);
  }

  #expect(): void {
    if (this.#pending++ > 0) return;
    this.#deadline?.cancel();
    this.#deadline = new Deadline(this.#silenceMs, () =>
      this.destroy(`the server did not answer for ${this.#silenceMs} ms`),
    );
  }

  #answered(): void {
    if (--this.#pending > 0) this.#deadline?.putOff();
    else this.#deadline?.cancel();
  }

  #break(error: unknown): void {
    if (this.#broken !== undefined) return;
    this.#broken = error;
    this.#deadline?.cancel();
    streamOf(this.#client).destroy();
    this.#onBroken?.();
  }
}

/** Of several statements in one text, the last one's. */
function lastOf(received: Received | readonly Received[]): Received {
  return Array.isArray(received) ? received.at(-1) : (received as Received);
}

function getTypeParser(oid: number, format?: "text" | "binary") {
  if (oid === INT8 && format !== "binary") return Number;
  return types.getTypeParser(oid as never, format as never);
}

type Stream = { destroy(): void; cork(): void; uncork(): void };

/** The driver has no other way to end a connection that does not answer, nor to send several statements at once. */
function streamOf(client: Client): Stream {
  return (client as unknown as { readonly connection: { readonly stream: Stream } }).connection.stream;
}

/** The driver's words where no server sent a code; a URL without a password, or a server without TLS, stays so. */
function notOpened(error: unknown): Error {
  const said = described(error);
  if (said.endsWith("client password must be a string"))
    return new Unfit("it asks for a password, and the URL has none", { cause: error });
  if (said === "The server does not support SSL connections")
    return new Unfit("it has no TLS, which the URL asks for", { cause: error });
  return new NotConnected(said, { cause: error });
}
