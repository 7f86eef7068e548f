/**
 * Tells sockets what changed: after a commit, by whoever committed it, and from the sweep for what was lost on that
 * way. Every frame is what the store says of that receipt to that principal. Nothing here ever fails the work that
 * led to it: what could not be sent stands in the table, and the sweep comes back to it.
 */

import type { Clock } from "../core/clock.ts";
import type { Engine } from "../core/engine.ts";
import { isFinal, type JobId, type JobRecord, type Principal } from "../core/job.ts";
import type { SocketTexts } from "../door/socket/texts.ts";
import type { SocketRow, Watcher } from "../engines/aws/watch-rows.ts";
import type { Watchers } from "../engines/aws/watchers.ts";
import type { Posted, SocketGateway } from "./gateway.ts";
import { inParallel } from "./in-parallel.ts";
import type { HowFar, MineHost } from "./tell-mine.ts";

export type Changed = { readonly receipts: Iterable<JobId>; readonly principals: Iterable<Principal> };

export type PusherHost = Omit<MineHost, "post"> & {
  readonly engine: Engine;
  readonly watchers: Watchers;
  readonly gateway: SocketGateway;
  readonly texts: SocketTexts;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
};

const PARALLEL = 16;
/** What is found together, with its inputs. */
const FIND_MOST = 50;
/** A job that ended must not wait long for those who are told of it. */
const PUSH_MS = 5_000;
/** Connections that are found together. */
const PAGE = 100;
const SWEEP_MS = 40_000;

type Told = { readonly receipt: JobId; readonly watcher: Watcher };

export class SocketPusher {
  readonly #host: PusherHost;
  readonly #mine: MineHost;

  constructor(host: PusherHost) {
    this.#host = host;
    this.#mine = { ...host, post: (watcher, text) => this.post(watcher, text) };
  }

  /** Never rejects. */
  async push({ receipts, principals }: Changed, forMs = PUSH_MS): Promise<void> {
    const until = this.#host.clock.monotonic() + forMs;
    const ids = [...new Set(receipts)];
    const names = [...new Set(principals)].filter((principal) => principal !== "");
    await Promise.all([
      this.#guarded(() => this.#pushReceipts(ids, until)),
      inParallel(names, PARALLEL, (principal) => this.#guarded(() => this.#pushMine(principal, ids, until))),
    ]);
  }

  /** Looks at all who follow something, and whose turn it is, whether they were told all of it. Never rejects. */
  async sweep(forMs = SWEEP_MS): Promise<void> {
    const until = this.#host.clock.monotonic() + forMs;
    const looked = new Set<string>();
    await this.#guarded(async () => {
      while (!this.#isLate(until)) {
        const due = await this.#host.watchers.looks.due(PAGE);
        // The index follows after, and shows some once more.
        const connections = due.filter((connection) => !looked.has(connection));
        if (connections.length === 0) return;
        await inParallel(connections, PARALLEL, async (connection) => {
          if (this.#isLate(until)) return;
          looked.add(connection);
          await this.#guarded(() => this.#lookAt(connection, until));
        });
      }
    });
  }

  /** One frame to one connection, unless its time is over; one that is gone is forgotten. */
  async post(watcher: Watcher, text: string): Promise<Posted> {
    const { gateway, watchers } = this.#host;
    if (this.#isOver(watcher)) {
      await this.close(watcher.connection);
      return "gone";
    }
    const posted = await gateway.post(watcher.connection, text);
    if (posted === "gone") await watchers.forget(watcher.connection);
    return posted;
  }

  async close(connection: string): Promise<void> {
    await this.#host.gateway.close(connection);
    await this.#host.watchers.forget(connection);
  }

  /** Changes of its principal that a connection has not been told yet. */
  async tellMine(watcher: Watcher, forMs = PUSH_MS): Promise<void> {
    await this.#tellMine(watcher, [], this.#host.clock.monotonic() + forMs);
  }

  async #pushReceipts(ids: readonly JobId[], until: number): Promise<void> {
    const told: Told[] = [];
    await inParallel(ids, PARALLEL, async (receipt) => {
      for (const watcher of await this.#host.watchers.ofReceipt(receipt)) {
        told.push({ receipt: watcher.receipt ?? receipt, watcher });
      }
    });
    await this.#tell(told, until);
  }

  async #pushMine(principal: Principal, ids: readonly JobId[], until: number): Promise<void> {
    const { engine, watchers } = this.#host;
    const following = await watchers.ofPrincipal(principal);
    if (following.length === 0) return;
    // Of those that changed here, which may be others' too.
    const found = ids.length === 0 ? [] : await engine.find(ids.map((id) => ({ id, principal })));
    const changed = found.filter((job) => job?.listed) as readonly JobRecord[];
    await inParallel(following, PARALLEL, (watcher) =>
      this.#guarded(() => this.#tellMine(watcher, changed, until)),
    );
  }

  async #tellMine(watcher: Watcher, changed: readonly JobRecord[], until: number): Promise<void> {
    if ((await this.#toldMine(watcher, changed, until)) === "all") return;
    const { watchers } = this.#host;
    const socket = await watchers.socket(watcher.connection);
    if (socket) await watchers.looks.soon(socket, 0);
  }

  /** Loaded where somebody asks for it: most functions never do. */
  async #toldMine(watcher: Watcher, changed: readonly JobRecord[], until: number): Promise<HowFar> {
    const { tellMine } = await import("./tell-mine.ts");
    return tellMine(watcher, changed, until, this.#mine);
  }

  async #tell(told: readonly Told[], until: number): Promise<void> {
    const { engine } = this.#host;
    for (let start = 0; start < told.length; start += FIND_MOST) {
      const some = told.slice(start, start + FIND_MOST);
      // Whose it is, is asked again for each.
      const jobs = await engine.find(
        some.map(({ receipt, watcher: { principal } }) => ({ id: receipt, principal })),
      );
      const pairs = some.map((one, i) => ({ ...one, job: jobs[i] }));
      await inParallel(pairs, PARALLEL, async ({ receipt, watcher, job }) => {
        if (!this.#isLate(until)) await this.#guarded(() => this.#tellOne(receipt, watcher, job));
      });
    }
  }

  async #tellOne(receipt: JobId, watcher: Watcher, job: JobRecord | undefined): Promise<void> {
    const { texts, watchers } = this.#host;
    const there = job?.listed ? job : undefined;
    const posted = await this.post(watcher, there ? texts.status(there) : texts.unknown(receipt));
    if (posted === "sent" && (!there || isFinal(there.status))) {
      await watchers.unfollow(watcher.connection, receipt);
    }
  }

  async #lookAt(connection: string, until: number): Promise<void> {
    const { watchers } = this.#host;
    const socket = await watchers.socket(connection);
    if (!socket) return watchers.forget(connection);
    if (this.#isOver(socket)) return this.close(connection);
    const followed = await watchers.followed(connection);
    await this.#tellEnded(socket, followed, until);
    if (socket.mine) await this.#toldMine(socket, [], until);
    const left = followed.length > 0 && (await watchers.following(connection, 1)) > 0;
    await watchers.looks.looked(socket, left || socket.mine);
  }

  /** Of what it follows that which is final, or no longer there. */
  async #tellEnded(socket: SocketRow, followed: readonly JobId[], until: number): Promise<void> {
    const { engine } = this.#host;
    for (let start = 0; start < followed.length; start += FIND_MOST) {
      const some = followed.slice(start, start + FIND_MOST);
      const jobs = await engine.find(some.map((id) => ({ id, principal: socket.principal })));
      for (const [i, receipt] of some.entries()) {
        const job = jobs[i];
        if (this.#isLate(until) || (job?.listed && !isFinal(job.status))) continue;
        await this.#tellOne(receipt, socket, job);
      }
    }
  }

  #isOver({ principal, tokenUntil }: Watcher): boolean {
    return this.#host.texts.isOver({
      principal,
      ...(tokenUntil !== undefined && { expiresAt: tokenUntil }),
    });
  }

  #isLate(until: number): boolean {
    return this.#host.clock.monotonic() >= until;
  }

  async #guarded(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.#host.onError(error);
    }
  }
}
