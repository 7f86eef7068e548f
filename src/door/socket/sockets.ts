/** Sockets: who may open one, and what all of them have in common. What is said on one is in `socket-connection.ts`. */
import type { Runtime } from "../../core/runtime.ts";
import type { Calls } from "../calls.ts";
import type { DoorRequest, SocketPeer, SocketSession, Upgrade } from "../exchange.ts";
import type { Gatekeeper, Identity } from "../identity.ts";
import { OpenCount, pushOf } from "../push.ts";
import { problemReply, Refused, refuse } from "../replies.ts";
import { SocketConnection, type SocketHost } from "./connection.ts";
import { PROTOCOL, socketIdentity } from "./offer.ts";
import { CLOSE } from "./outlet.ts";

export class Sockets {
  readonly #gatekeeper: Gatekeeper;
  readonly #host: SocketHost;
  readonly #counts = new OpenCount();
  readonly #open = new Set<SocketConnection>();
  #leaveTicker: (() => void) | undefined;
  #closing = false;

  constructor(runtime: Runtime, calls: Calls, gatekeeper: Gatekeeper) {
    this.#gatekeeper = gatekeeper;
    this.#host = { runtime, calls, named: gatekeeper.knowsPrincipals };
  }

  /** All that can be refused is refused here, before the protocol is switched. */
  async upgrade(request: DoorRequest): Promise<Upgrade> {
    try {
      const identity = await this.#admit(request);
      return { kind: "accepted", protocol: PROTOCOL, open: (peer) => this.#connect(peer, identity) };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { kind: "refused", reply: problemReply(error.problem, error.headers) };
    }
  }

  /** For good: none is opened any more. */
  closeAll(code: number, reason: string): void {
    this.#closing = true;
    for (const connection of [...this.#open]) connection.close(code, reason);
  }

  async #admit(request: DoorRequest): Promise<Identity> {
    const identity = await socketIdentity(request, this.#gatekeeper, this.#host.runtime.clock);
    if (!this.#counts.isFull(identity.principal)) return identity;
    throw refuse("quota-exceeded", "Too many sockets are open; one can follow many receipts.", [
      "retry-after",
      "10",
    ]);
  }

  #connect(peer: SocketPeer, identity: Identity): SocketSession {
    const closed = this.#counts.add(identity.principal);
    const connection = new SocketConnection(peer, identity, this.#host, () => {
      closed();
      this.#open.delete(connection);
      if (this.#open.size > 0) return;
      this.#leaveTicker?.();
      this.#leaveTicker = undefined;
    });
    this.#open.add(connection);
    this.#leaveTicker ??= pushOf(this.#host.runtime).ticker.add(() => {
      for (const open of this.#open) open.tick();
    });
    if (this.#closing) connection.close(CLOSE.RESTART, "The server is shutting down.");
    return connection;
  }
}
