/**
 * What the door sees of a transport: a request, a reply, a stream, a socket. node:http and others translate to
 * this and decide nothing about calls themselves.
 */

export interface DoorRequest {
  readonly method: string;
  /** As sent, without the query; not percent-decoded. */
  readonly path: string;
  /** Without the question mark; empty where there is none. */
  readonly query: string;
  /** By lower-case name; a repeated header's values joined by ", ". */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Whether the peer's address is this machine's own. */
  readonly fromLoopback: boolean;
  /** Reads the body, to its end or to the limit, and hands it over, at once or later. Asked for once at most. */
  body(limitBytes: number, taken: (body: Body) => void): void;
}

export function bodyOf(request: DoorRequest, limitBytes: number): Promise<Body> {
  return new Promise((resolve) => request.body(limitBytes, resolve));
}

export type Body =
  | { readonly kind: "read"; readonly bytes: Uint8Array }
  /** Over the limit, by its announced length or as counted; nothing more is read. */
  | { readonly kind: "too-large" }
  /** No byte came for too long. */
  | { readonly kind: "timed-out" }
  /** The peer went away in the middle. */
  | { readonly kind: "cut" };

export type Reply = {
  readonly status: number;
  /** Name, value, name, value, …: the shape that node:http writes fastest. */
  readonly headers: readonly string[];
  readonly body: string;
  /** Instead of `body`, for what is no text. */
  readonly bytes?: Uint8Array;
  /** Goes on after the headers; `body` is then its beginning. */
  readonly stream?: (sink: Sink) => void;
  /** The connection must not be used again. */
  readonly close?: boolean;
};

export interface Sink {
  write(text: string): void;
  end(): void;
  /** Called once, when the peer is gone or `end` was called. */
  onClose(run: () => void): void;
}

/** The far end of an open socket. */
export interface SocketPeer {
  send(text: string): void;
  /** Bytes sent that the network has not taken yet. */
  readonly buffered: number;
  close(code: number, reason: string): void;
}

export interface SocketSession {
  onText(text: string): void;
  /** A frame that is not text. */
  onBinary(): void;
  onClose(): void;
}

export type Upgrade =
  | { readonly kind: "refused"; readonly reply: Reply }
  | {
      readonly kind: "accepted";
      readonly protocol: string;
      readonly open: (peer: SocketPeer) => SocketSession;
    };

/** What serves an app, whatever the transport. */
export interface Door {
  handle(request: DoorRequest): Promise<Reply>;
  /** For a request with an `Upgrade` header. */
  upgrade(request: DoorRequest): Promise<Upgrade>;
}
