/** Events of a WebSocket API, as the door's request for a socket and as frames. */
import { configurationError } from "../core/errors.ts";
import type { DoorRequest } from "../door/exchange.ts";

/** The part of the platform's event that is used here. */
export type SocketEvent = {
  readonly requestContext: {
    readonly eventType: "CONNECT" | "MESSAGE" | "DISCONNECT";
    readonly connectionId: string;
    /** When the gateway got it. */
    readonly requestTimeEpoch?: number;
  };
  readonly headers?: Readonly<Record<string, string | undefined>> | null;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[] | undefined>> | null;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
};

export type SocketResult = {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

export function checkedSocketEvent(event: SocketEvent): SocketEvent["requestContext"] {
  const context = event?.requestContext;
  if (typeof context?.connectionId === "string" && typeof context.eventType === "string") return context;
  throw configurationError(
    "The function for sockets was called with something that is no event of a WebSocket API.",
    "Let the routes $connect, $default and $disconnect call it by an AWS_PROXY integration.",
  );
}

/** The gateway has answered for what makes it a handshake, and does not hand that on. */
export function handshakeOf({ headers, multiValueHeaders }: SocketEvent): DoorRequest {
  const all = Object.entries(multiValueHeaders ?? {}).map(([name, values]) => [name, values?.join(", ")]);
  const known = all.length > 0 ? all : Object.entries(headers ?? {});
  return {
    method: "GET",
    path: "/socket",
    query: "",
    headers: {
      ...Object.fromEntries(known.map(([name = "", value]) => [name.toLowerCase(), value])),
      upgrade: "websocket",
    },
    fromLoopback: false,
    body: (_limit, taken) => taken({ kind: "read", bytes: new Uint8Array() }),
  };
}
