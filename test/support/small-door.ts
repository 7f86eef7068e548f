// A door with one behaviour a path, behind a real listening server: enough to see everything the Node adapter does.
import {
  bodyOf,
  type Door,
  type DoorRequest,
  type Reply,
  type Sink,
  type SocketPeer,
} from "../../src/door/exchange.ts";
import { hostRuleOf } from "../../src/node/framing.ts";
import { Listener } from "../../src/node/listener.ts";

export const LIMIT = 1_000;

export type SmallServer = {
  readonly port: number;
  readonly complaints: string[];
  readonly requests: DoorRequest[];
  readonly sinks: Sink[];
  readonly peers: SocketPeer[];
  readonly heard: string[];
  /** Lets what waits at `/slow` be answered. */
  readonly release: () => void;
  readonly close: () => Promise<void>;
};

const text = (status: number, body: string, more: Partial<Reply> = {}): Reply => ({
  status,
  headers: ["Content-Type", "text/plain"],
  body,
  ...more,
});

/** Binds to loopback; `hosts` as in `serve`. */
export async function smallServer(hosts?: readonly string[], checkHost = true): Promise<SmallServer> {
  const state = emptyState();
  const released = Promise.withResolvers<void>();
  const listener = new Listener({
    door: smallDoor(state, released.promise),
    hostRule: hostRuleOf(hosts, checkHost),
    complain: (line) => state.complaints.push(line),
  });
  const { port } = await listener.listen(0, "127.0.0.1");
  return { ...state, port, release: released.resolve, close: () => listener.close() };
}

type State = Omit<SmallServer, "port" | "release" | "close">;

export const emptyState = (): State => ({ complaints: [], requests: [], sinks: [], peers: [], heard: [] });

export function smallDoor(state: State, released: Promise<void>): Door {
  return {
    async handle(request) {
      state.requests.push(request);
      switch (request.path) {
        case "/echo":
          return echo(request);
        case "/throws":
          throw new Error("secret\r\n\u001b[31m");
        case "/bad-header":
          return { status: 200, headers: ["X-Bad", "a\r\nb"], body: "" };
        case "/large":
          return text(200, "é".repeat(500_000));
        case "/empty":
          return { status: 204, headers: [], body: "" };
        case "/endless":
          return { ...text(200, "begin\n"), stream: (sink) => state.sinks.push(sink) };
        case "/slow":
          await released;
          return text(200, "slow");
        default:
          return text(404, "nothing");
      }
    },
    async upgrade(request) {
      state.requests.push(request);
      if (request.path === "/throws") throw new Error("secret");
      if (request.path !== "/socket") return { kind: "refused", reply: text(404, "no socket") };
      return {
        kind: "accepted",
        protocol: "spillway.v1",
        open: (peer) => {
          state.peers.push(peer);
          return {
            onText(frame) {
              if (frame === "throw") throw new Error("secret");
              state.heard.push(frame);
              peer.send(`heard ${frame}`);
            },
            onBinary: () => peer.send("binary"),
            onClose: () => state.heard.push("closed"),
          };
        },
      };
    },
  };
}

async function echo(request: DoorRequest): Promise<Reply> {
  const body = await bodyOf(request, LIMIT);
  switch (body.kind) {
    case "read":
      return text(200, new TextDecoder().decode(body.bytes));
    case "too-large":
      return text(413, "too large");
    case "timed-out":
      return text(408, "no byte");
    case "cut":
      return text(400, "cut");
  }
}
