/**
 * As many connections as the load needs, up to a bound, as keep-alive clients have them. A request that finds none free
 * waits for one, and its wait counts for whoever measures it.
 */
import { moment } from "../moment.ts";
import { Connection, type OnReply } from "./connection.ts";

const MOST_CONNECTIONS = 1_000;
/** The server cuts what is idle after 5 s; a request must not meet that. */
const IDLE_MS = 2_500;

type Request = { readonly text: string; readonly deadline: number; readonly onReply: OnReply };

export class Pool {
  readonly #port: number;
  readonly #all = new Set<Connection>();
  /** The last one used is used next, so that those the load does not need grow old. */
  readonly #idle: Connection[] = [];
  #waiting: Request[] = [];
  #first = 0;
  #connecting = 0;

  constructor(port: number) {
    this.#port = port;
  }

  send(request: Request): void {
    const connection = this.#fresh();
    if (connection) return connection.send(request.text, moment(), request.deadline, request.onReply);
    this.#waiting.push(request);
    if (this.#connecting < this.#waiting.length - this.#first && this.#all.size < MOST_CONNECTIONS)
      this.#open();
  }

  /** Gives up what has taken too long. To be called now and then. */
  sweep(): void {
    const now = moment();
    for (const connection of this.#all) if (connection.deadline < now) connection.destroy();
    const late = this.#waiting.slice(this.#first).filter(({ deadline }) => deadline < now);
    if (late.length === 0) return;
    this.#waiting = this.#waiting.slice(this.#first).filter(({ deadline }) => deadline >= now);
    this.#first = 0;
    for (const { onReply } of late) onReply(undefined);
  }

  close(): void {
    for (const connection of this.#all) connection.destroy();
  }

  #fresh(): Connection | undefined {
    const connection = this.#idle.pop();
    if (connection === undefined || moment() - connection.usedAt < IDLE_MS) return connection;
    // Those below it are older still.
    for (const old of [connection, ...this.#idle.splice(0)]) old.destroy();
    return undefined;
  }

  #open(): void {
    this.#connecting++;
    let isConnecting = true;
    const settle = () => {
      if (isConnecting) this.#connecting--;
      isConnecting = false;
    };
    const connection = new Connection(
      this.#port,
      moment(),
      (free) => {
        settle();
        this.#use(free);
      },
      (closed) => {
        settle();
        this.#forget(closed);
      },
    );
    this.#all.add(connection);
  }

  #use(connection: Connection): void {
    const next = this.#waiting[this.#first];
    if (next === undefined) {
      connection.usedAt = moment();
      this.#idle.push(connection);
      return;
    }
    if (++this.#first > 10_000) {
      this.#waiting.splice(0, this.#first);
      this.#first = 0;
    }
    connection.send(next.text, moment(), next.deadline, next.onReply);
  }

  #forget(connection: Connection): void {
    this.#all.delete(connection);
    const place = this.#idle.indexOf(connection);
    if (place >= 0) this.#idle.splice(place, 1);
    // Those that wait for a connection may have waited for this one.
    if (this.#waiting.length > this.#first && this.#all.size < MOST_CONNECTIONS && this.#connecting === 0)
      this.#open();
  }
}
