/** A whole app on the memory engine and a test's clock, with sockets and streams that end in arrays instead of a network. */
import assert from "node:assert/strict";
import { type RunningApp, spillway } from "../../src/app/app.ts";
import type { Engine, EngineSource } from "../../src/core/engine.ts";
import { type Context, operation } from "../../src/core/operation.ts";
import type {
  DoorRequest,
  Reply,
  Sink,
  SocketPeer,
  SocketSession,
  Upgrade,
} from "../../src/door/exchange.ts";
import type { Authenticate } from "../../src/door/identity.ts";
import { memory } from "../../src/engines/memory/index.ts";
import { altered } from "./altered-engine.ts";
import { requestOf } from "./door-exchange.ts";
import { anything } from "./schemas.ts";
import { SeededRandom } from "./seeded-random.ts";
import { TestClock } from "./test-clock.ts";

export type Frame = { readonly type: string; readonly [member: string]: unknown };
export type Shown = { readonly id: string; readonly status: string; readonly revision: number };

export class Rig {
  readonly clock = new TestClock();
  /** What stands between the app and its store; a test may replace a method. */
  engine!: Engine;
  finds = 0;
  #app: RunningApp | undefined;
  readonly #held: { readonly context: Context; readonly end: (output: unknown) => void }[] = [];

  async start(authenticate?: Authenticate): Promise<void> {
    const limits = { concurrency: 2_000 };
    const base = { input: anything, limits } as const;
    const app = spillway({
      operations: [
        operation({ ...base, name: "echo", flow: "request" }, (input) => input),
        operation({ ...base, name: "small", flow: "request", inputBytes: 10 }, (input) => input),
        operation({ ...base, name: "later", flow: "event" }, (_input, context) => this.#hold(context)),
        operation({ ...base, name: "slow", flow: "request" }, (_input, context) => this.#hold(context)),
        operation({ ...base, name: "inner", flow: "event", access: "internal" }, () => null),
        operation({ ...base, name: "tune", flow: "request", access: "admin" }, () => null),
      ],
      engine: this.#watched(memory()),
      ...(authenticate && { authenticate }),
    });
    this.#app = await app.start({
      node: "test",
      adminToken: undefined,
      boundToLoopback: true,
      onFatal: assert.fail,
      clock: this.clock,
      random: new SeededRandom(1),
    });
  }

  get app(): RunningApp {
    assert.ok(this.#app, "the app is started");
    return this.#app;
  }

  /** Everything that can happen without time passing has. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await this.clock.run(0);
  }

  request(method: string, path: string, headers: DoorRequest["headers"] = {}, body = ""): DoorRequest {
    return requestOf(method, path, { headers, body });
  }

  /** A job that waits for `release`; returns its id. */
  async accepted(headers: DoorRequest["headers"] = {}): Promise<string> {
    const reply = await this.app.door.handle(this.request("POST", "/operations/later", headers, "{}"));
    assert.equal(reply.status, 202, reply.body);
    await this.settle();
    return JSON.parse(reply.body).id;
  }

  get running(): number {
    return this.#held.length;
  }

  progress(ratio: number): void {
    this.#held[0]?.context.progress({ ratio });
  }

  /** Lets the handler that began first return. */
  async release(output: unknown = "done"): Promise<void> {
    this.#held.shift()?.end(output);
    await this.settle();
  }

  /** The running job ends as if another process had ended it, and the hint had been lost. */
  async endUnheard(id: string, principal: string): Promise<void> {
    const [job] = await this.engine.find([{ id, principal }]);
    const lease = { id, token: job?.token ?? "" };
    const settlement = { lease, verdict: { kind: "cancelled" }, reads: [], writes: [], sends: [] } as const;
    const [answer] = await this.engine.commit([{ kind: "settle", settlement }]);
    assert.equal(answer?.kind, "applied");
    await this.settle();
  }

  async upgrade(headers: DoorRequest["headers"] = {}): Promise<Upgrade> {
    const offer = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-protocol": "spillway.v1",
      ...headers,
    };
    return this.app.door.upgrade(this.request("GET", "/socket", offer));
  }

  async socket(headers: DoorRequest["headers"] = {}): Promise<FarEnd> {
    const upgrade = await this.upgrade(headers);
    assert.ok(upgrade.kind === "accepted", "the socket was accepted");
    return new FarEnd(this, upgrade.open);
  }

  async events(id: string, headers: DoorRequest["headers"] = {}): Promise<Stream> {
    const reply = await this.app.door.handle(this.request("GET", `/receipts/${id}/events`, headers));
    const stream = new Stream(reply);
    await this.settle();
    return stream;
  }

  #hold(context: Context): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#held.push({ context, end: resolve });
    return promise;
  }

  #watched(source: EngineSource): EngineSource {
    return altered(source, (engine) => {
      const find = engine.find.bind(engine);
      engine.find = (refs) => {
        this.finds++;
        return find(refs);
      };
      this.engine = engine;
    });
  }
}

/** The client's side of a socket: what it was sent, and how it was closed. */
export class FarEnd implements SocketPeer {
  readonly frames: Frame[] = [];
  readonly session: SocketSession;
  readonly #rig: Rig;
  buffered = 0;
  closed: { readonly code: number; readonly reason: string } | undefined;

  constructor(rig: Rig, open: (peer: SocketPeer) => SocketSession) {
    this.#rig = rig;
    this.session = open(this);
  }

  send(text: string): void {
    assert.equal(this.closed, undefined, "nothing is sent after the close");
    assert.match(text, /^\{"type":"/, "type comes first");
    this.frames.push(JSON.parse(text));
  }

  close(code: number, reason: string): void {
    assert.ok(reason.length <= 123, "the reason fits into a control frame");
    this.closed = { code, reason };
  }

  closeCode(): number | undefined {
    return this.closed?.code;
  }

  async say(frame: object | string): Promise<void> {
    this.session.onText(typeof frame === "string" ? frame : JSON.stringify(frame));
    await this.#rig.settle();
  }

  /** Frames since the last time. */
  take(): readonly Frame[] {
    return this.frames.splice(0);
  }

  /** Status and revision of every receipt since the last time. */
  states(): readonly (readonly [string, number])[] {
    return this.take().map((frame) => {
      assert.equal(frame.type, "status", JSON.stringify(frame));
      const { status, revision } = frame["receipt"] as Shown;
      return [status, revision] as const;
    });
  }
}

/** The reader of a stream. */
export class Stream implements Sink {
  readonly reply: Reply;
  ended: boolean;
  #text: string;
  #onClose: (() => void)[] = [];

  constructor(reply: Reply) {
    this.reply = reply;
    this.#text = reply.body;
    this.ended = !reply.stream;
    reply.stream?.(this);
  }

  write(text: string): void {
    assert.ok(!this.ended, "nothing is written after the end");
    this.#text += text;
  }

  end(): void {
    this.hangUp();
  }

  onClose(run: () => void): void {
    this.#onClose.push(run);
  }

  hangUp(): void {
    this.ended = true;
    for (const run of this.#onClose.splice(0)) run();
  }

  take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }

  /** Name, id and receipt of each event since the last time; comments are left out. */
  events(): readonly { readonly name: string; readonly id: string | undefined; readonly data: Frame }[] {
    const blocks = this.take().split("\n\n");
    assert.equal(blocks.pop(), "", "an event ends with an empty line");
    return blocks
      .filter((block) => !block.startsWith(":"))
      .map((block) => {
        const fields = new Map(block.split("\n").map((line) => line.split(/: (.*)/s) as [string, string]));
        return {
          name: fields.get("event") ?? "message",
          id: fields.get("id"),
          data: JSON.parse(fields.get("data") ?? ""),
        };
      });
  }
}
