/**
 * A request of node:http that can hand over its body whole: counted while it is read, with a limit. The listeners
 * are shared by all requests and find their state on the request, so that reading costs no closures.
 */
import type { Body } from "../door/exchange.ts";
import { IncomingMessage } from "./http.ts";
import type { Turns } from "./turns.ts";

const EMPTY: Body = { kind: "read", bytes: new Uint8Array(0) };

export class Incoming extends IncomingMessage {
  /** Set while somebody waits for the body. */
  reading: Reading | undefined = undefined;
  /** The rest of the body must not be read, nor taken for the next request. */
  gaveUp = false;

  /** The announced length; 0 without a body, and NaN where only its end will tell (RFC 9112 §6.3). */
  announcedLength(): number {
    if (this.headers["transfer-encoding"] !== undefined) return Number.NaN;
    return Number(this.headers["content-length"] ?? 0);
  }

  readBody(limitBytes: number, announced: number, turns: Turns, taken: (body: Body) => void): void {
    if (announced === 0) return taken(EMPTY);
    if (announced > limitBytes || this.destroyed) {
      this.gaveUp = true;
      return taken({ kind: this.destroyed ? "cut" : "too-large" });
    }
    this.reading = { turns, taken, limitBytes, announced, chunks: [], bytes: 0, quietMs: 0 };
    // By then the parser has taken in all that came with the headers, which mostly is the whole body.
    process.nextTick(readAtHand, this);
  }

  settle(body: Body): void {
    const reading = this.reading;
    if (reading === undefined) return;
    this.reading = undefined;
    // Left flowing, a body over its limit would still be taken in; paused, the network holds it back.
    if (body.kind === "read") return reading.turns.begin(reading.taken, body);
    this.gaveUp = true;
    this.pause();
    reading.taken(body);
  }
}

type Reading = {
  readonly turns: Turns;
  readonly taken: (body: Body) => void;
  readonly limitBytes: number;
  readonly announced: number;
  readonly chunks: Buffer[];
  bytes: number;
  /** Since the last byte. */
  quietMs: number;
};

/** Listens only for what is not there yet: a stream that flows takes a microsecond more than one that is read once. */
function readAtHand(incoming: Incoming): void {
  if (incoming.reading === undefined) return;
  const chunk: Buffer | null = incoming.read();
  if (chunk !== null) onData.call(incoming, chunk);
  if (incoming.reading === undefined) return;
  if (incoming.destroyed) return incoming.settle({ kind: "cut" });
  incoming.on("data", onData);
  incoming.on("end", onEnd);
  incoming.on("close", onClose);
}

function onData(this: Incoming, chunk: Buffer): void {
  const reading = this.reading;
  if (reading === undefined) return;
  if (chunk.length === reading.announced) {
    this.settle({ kind: "read", bytes: chunk });
    return;
  }
  reading.quietMs = 0;
  reading.bytes += chunk.length;
  if (reading.bytes > reading.limitBytes) this.settle({ kind: "too-large" });
  else reading.chunks.push(chunk);
}

function onEnd(this: Incoming): void {
  const reading = this.reading;
  if (reading === undefined) return;
  const [first = EMPTY_CHUNK, second] = reading.chunks;
  const bytes = second === undefined ? first : Buffer.concat(reading.chunks, reading.bytes);
  this.settle({ kind: "read", bytes });
}

function onClose(this: Incoming): void {
  this.settle({ kind: "cut" });
}

const EMPTY_CHUNK = Buffer.alloc(0);
