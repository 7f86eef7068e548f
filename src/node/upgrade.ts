/**
 * Requests that want to leave HTTP. The door decides whether one becomes a WebSocket; every other gets a reply and
 * its connection ends, since node:http has let go of it.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Door, DoorRequest, Reply, Upgrade } from "../door/exchange.ts";
import { describe } from "./complaints.ts";
import { type Connection, connectionOf } from "./connection.ts";
import { inspect, originForm } from "./framing.ts";
import { internalError, refusal } from "./refusal.ts";
import type { Site } from "./site.ts";
import type { Sockets } from "./sockets.ts";

/** Other protocols are not spoken, and RFC 9110 §7.8 lets a server ignore the wish. */
export function wantsSocket(incoming: IncomingMessage): boolean {
  const { method, headers } = incoming;
  const hasBody = headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
  return method === "GET" && !hasBody && headers.upgrade?.toLowerCase() === "websocket";
}

export function onUpgrade(site: Site, sockets: Sockets) {
  return (incoming: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const connection = connectionOf(incoming.socket);
    connection.last = undefined;
    // What node:http had listened for is gone, and an error that nobody hears ends the process.
    socket.on("error", destroyed);
    void decide(site, incoming, connection)
      .then((upgrade) => {
        if (socket.destroyed) return undefined;
        if (upgrade.kind === "accepted") return sockets.accept(incoming, socket, head, upgrade);
        return endWith(socket, connection, upgrade.reply);
      })
      .catch((thrown) => {
        site.complain(`An upgrade failed inside Spillway: ${describe(thrown)}`);
        socket.destroy();
      });
  };
}

/** Shared by all: one made for each would keep its request, with all its headers, as long as the socket. */
function destroyed(this: Duplex): void {
  this.destroy();
}

/** RFC 9110 §9.3.6: for proxies. */
export function onConnect(incoming: IncomingMessage, socket: Duplex): void {
  socket.on("error", destroyed);
  const allow = ["Allow", "GET, HEAD, POST, PATCH, DELETE, OPTIONS"];
  const reply = refusal("method-not-allowed", "CONNECT is for proxies, and this is none.", allow);
  endWith(socket, connectionOf(incoming.socket), reply);
}

async function decide(site: Site, incoming: IncomingMessage, connection: Connection): Promise<Upgrade> {
  try {
    const refused = inspect(incoming, site.hostRule) ?? handshakeRefusal(incoming);
    if (refused !== undefined) return { kind: "refused", reply: refused };
    return await site.door.upgrade(doorRequest(incoming, connection));
  } catch (thrown) {
    site.complain(`An upgrade failed inside Spillway: ${describe(thrown)}`);
    return { kind: "refused", reply: internalError() };
  }
}

/** Node.js before 24.9 hands over every request that has an Upgrade header. */
function handshakeRefusal(incoming: IncomingMessage): Reply | undefined {
  if (!wantsSocket(incoming)) {
    return refusal(
      "malformed-request",
      "The only upgrade here is a GET to WebSocket. Send it without Upgrade.",
    );
  }
  // RFC 6455 §4.4
  if (incoming.headers["sec-websocket-version"] === "13") return undefined;
  return refusal("upgrade-required", "The version of WebSocket here is 13.", ["Sec-WebSocket-Version", "13"]);
}

function doorRequest(incoming: IncomingMessage, connection: Connection): Parameters<Door["upgrade"]>[0] {
  const url = originForm(incoming.url ?? "/");
  const mark = url.indexOf("?");
  const request: DoorRequest = {
    method: incoming.method ?? "",
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? "" : url.slice(mark + 1),
    headers: incoming.headers,
    fromLoopback: connection.fromLoopback,
    body: (_limit, taken) => taken({ kind: "read", bytes: new Uint8Array(0) }),
  };
  return request;
}

function endWith(socket: Duplex, connection: Connection, reply: Reply): void {
  // Unread, the peer's end would not be seen.
  socket.resume();
  connection.endWith(reply);
}
