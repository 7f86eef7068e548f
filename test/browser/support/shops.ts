/** The orders example as several nodes on one PostgreSQL of their own, each with a role and a console. */
import { join } from "node:path";
import type { Role } from "../../../src/core/runtime.ts";
import { Postmaster } from "../../postgres/support/postmaster.ts";
import { SiteNode } from "../../postgres/support/site.ts";
import { freePort } from "../../support/free-ports.ts";
import type { Answer } from "../../wire/support/client.ts";
import { answered } from "../../wire/support/judge.ts";
import { eachOf, times } from "../../wire/support/wait.ts";

const APP = join(import.meta.dirname, "../../../examples/orders/app.ts");
const CONNECTIONS = 6;

export class Shops {
  readonly database: Postmaster;
  readonly nodes: readonly SiteNode[];

  private constructor(database: Postmaster, nodes: readonly SiteNode[]) {
    this.database = database;
    this.nodes = nodes;
  }

  /** One after the other: the first makes the tables. Whoever is on this machine may administer them. */
  static async start(roles: readonly Role[]): Promise<Shops> {
    const database = await Postmaster.start();
    const { NODE_TEST_CONTEXT: _, SPILLWAY_ADMIN_TOKEN: __, ...inherited } = process.env;
    const environment = { ...inherited, HOST: "127.0.0.1", SPILLWAY_POSTGRES: database.url };
    const nodes: SiteNode[] = [];
    const shops = new Shops(database, nodes);
    try {
      for (const role of roles) {
        const node = new SiteNode(role, await freePort(), environment, APP);
        nodes.push(node);
        await node.start();
      }
    } catch (error) {
      await shops.stop();
      throw error;
    }
    return shops;
  }

  /** The first of this role. */
  one(role: Role): SiteNode {
    const found = this.nodes.find((node) => node.role === role);
    if (found) return found;
    throw new Error(`No node was started as ${role}.`);
  }

  async set(entry: string, change: Readonly<Record<string, unknown>>): Promise<void> {
    answered(await this.one("gateway").client.send(`/admin/${entry}`, { method: "PATCH", body: change }));
  }

  /** Orders at every gateway, one call after the other on each connection, until `work` has ended. */
  async underLoad(work: () => Promise<void>): Promise<void> {
    const gateways = this.nodes.filter(({ role }) => role === "gateway");
    let over = false;
    const calling = eachOf(times(CONNECTIONS), CONNECTIONS, async (number) => {
      for (let turn = number; !over; turn++) await order(gateways[turn % gateways.length], turn);
    });
    try {
      await work();
    } finally {
      over = true;
      await calling;
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.end("SIGKILL")));
    await this.database.remove();
  }
}

const FLOWS = ["place-order", "place-order-event", "place-order-request"] as const;

/** Of a node's console. */
export const pageOf = ({ port }: SiteNode, path: string): string =>
  `http://127.0.0.1:${port}/console/${path}`;

/** What becomes of it is for the console to show; a node that is gone, or draining, answers nothing. */
async function order(node: SiteNode | undefined, turn: number): Promise<Answer | undefined> {
  const flow = FLOWS[turn % FLOWS.length] ?? FLOWS[0];
  return node?.client.call(flow, { sku: "lamp", quantity: 1 }).catch(() => undefined);
}
