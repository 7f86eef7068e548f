/**
 * One request and its one reply, between node:http and the door. Decides whether the connection can go on
 * afterwards, and nothing about the call.
 */
import type { ServerResponse } from "node:http";
import type { Body, DoorRequest, Reply } from "../door/exchange.ts";
import { describe } from "./complaints.ts";
import type { Connection, LastExchange } from "./connection.ts";
import { originForm } from "./framing.ts";
import type { Incoming } from "./incoming.ts";
import { BODY_QUIET_MS, DISCARD_BYTES, PIECE_BYTES } from "./limits.ts";
import { internalError } from "./refusal.ts";
import { ResponseSink } from "./sink.ts";
import type { Site } from "./site.ts";

export class Exchange implements DoorRequest, LastExchange {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Incoming["headers"];
  readonly fromLoopback: boolean;
  readonly #site: Site;
  readonly #incoming: Incoming;
  readonly #response: ServerResponse;
  readonly #connection: Connection;
  #continueAwaited: boolean;

  constructor(
    site: Site,
    incoming: Incoming,
    response: ServerResponse,
    connection: Connection,
    continueAwaited: boolean,
  ) {
    const url = originForm(incoming.url ?? "/");
    const mark = url.indexOf("?");
    this.method = incoming.method ?? "";
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.query = mark < 0 ? "" : url.slice(mark + 1);
    this.headers = incoming.headers;
    this.fromLoopback = connection.fromLoopback;
    this.#site = site;
    this.#incoming = incoming;
    this.#response = response;
    this.#connection = connection;
    this.#continueAwaited = continueAwaited;
    connection.last = this;
  }

  run(): void {
    this.#site.door.handle(this).then(
      (reply) => {
        try {
          this.reply(reply);
        } catch (thrown) {
          this.#fail(thrown);
        }
      },
      (thrown) => this.#fail(thrown),
    );
  }

  body(limitBytes: number, taken: (body: Body) => void): void {
    const announced = this.#incoming.announcedLength();
    // RFC 9110 §10.1.1: a client that waits is told to go on only when its body is wanted.
    if (this.#continueAwaited && !(announced > limitBytes)) this.#response.writeContinue();
    this.#continueAwaited = false;
    this.#incoming.readBody(limitBytes, announced, this.#site.turns, taken);
  }

  tick(elapsedMs: number): void {
    const reading = this.#incoming.reading;
    if (reading === undefined) return;
    reading.quietMs += elapsedMs;
    if (reading.quietMs >= BODY_QUIET_MS) this.#incoming.settle({ kind: "timed-out" });
  }

  reply(reply: Reply): void {
    const response = this.#response;
    if (response.headersSent) return;
    const keep = this.#keepsConnection(reply);
    if (!keep) this.#connection.ending = true;
    const { body } = reply;
    const bytes = reply.bytes?.length ?? Buffer.byteLength(body);
    response.writeHead(reply.status, this.#headersOf(reply, bytes, keep));
    if (this.method === "HEAD") response.end();
    else if (reply.stream !== undefined) this.#stream(reply, reply.stream);
    else if (reply.bytes !== undefined) writeInPieces(response, reply.bytes);
    else if (body.length > PIECE_BYTES) writeInPieces(response, Buffer.from(body));
    // As many bytes as characters: all of it is ASCII, which Node.js need not look at again.
    else response.end(body, bytes === body.length ? "latin1" : "utf8");
  }

  breakOff(reply: Reply): void {
    const response = this.#response;
    if (response.writableFinished) this.#connection.endWith(reply);
    else if (this.#incoming.complete) response.on("finish", () => this.#connection.endWith(reply));
    else if (response.headersSent) this.#connection.socket.destroy();
    else {
      this.#incoming.gaveUp = true;
      this.reply(reply);
      this.#incoming.settle({ kind: "cut" });
    }
  }

  #fail(thrown: unknown): void {
    this.#site.complain(
      `${this.method} ${this.path.slice(0, 200)} failed inside Spillway: ${describe(thrown)}`,
    );
    if (this.#response.headersSent) this.#response.destroy();
    else this.reply(internalError());
  }

  #headersOf({ status, headers, stream }: Reply, bytes: number, keep: boolean): string[] {
    // RFC 9110 §8.6: none on a 204; a 304's would be that of another reply.
    const bodiless = status === 204 || status === 304;
    const own = stream !== undefined || bodiless || (this.method === "HEAD" && hasLength(headers));
    const length = own ? [] : ["Content-Length", String(bytes)];
    return headers.concat(keep ? length : [...length, "Connection", "close"]);
  }

  /** Also sees to it that a body that nobody read does no harm. */
  #keepsConnection(reply: Reply): boolean {
    const incoming = this.#incoming;
    const keep = reply.close !== true && !this.#site.stopping;
    if (incoming.complete && !incoming.gaveUp) return keep;
    if (keep && !incoming.gaveUp && incoming.announcedLength() <= DISCARD_BYTES) return true;
    // Reads nothing, but marks the body as consumed: node:http would otherwise read all of it to discard it.
    incoming.pause();
    incoming.read(0);
    const { socket } = this.#connection;
    // node:http calls this after the last reply of a connection.
    socket.destroySoon = () => {
      this.#connection.linger();
      socket.end();
    };
    return false;
  }

  #stream(reply: Reply, stream: NonNullable<Reply["stream"]>): void {
    const sink = new ResponseSink(this.#response);
    this.#site.sinks.add(sink);
    sink.onClose(() => this.#site.sinks.delete(sink));
    if (reply.body === "") this.#response.flushHeaders();
    else sink.write(reply.body);
    stream(sink);
  }
}

function hasLength(headers: readonly string[]): boolean {
  return headers.some((name, index) => index % 2 === 0 && name.toLowerCase() === "content-length");
}

function writeInPieces(response: ServerResponse, bytes: Uint8Array): void {
  let at = 0;
  const more = (): void => {
    while (at + PIECE_BYTES < bytes.length) {
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      at += PIECE_BYTES;
      if (!response.write(piece)) {
        response.once("drain", more);
        return;
      }
    }
    response.end(bytes.subarray(at));
  };
  more();
}
