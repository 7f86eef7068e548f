/** Two gateways and two workers, replaced one after another while they are called through a load balancer. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ReceiptSocket } from "../../examples/orders/receipts.ts";
import { Client } from "../wire/support/client.ts";
import type { Receipt } from "../wire/support/judge.ts";
import { openSocket } from "../wire/support/socket.ts";
import { SECOND, until } from "../wire/support/wait.ts";
import { Balancer } from "./support/balancer.ts";
import { missingPostgres } from "./support/installation.ts";
import { Site, type SiteNode } from "./support/site.ts";
import { judge, SiteLoad } from "./support/site-load.ts";

const CLIENTS = 16;
/** More than they need: who is refused is not refused for want of slots. */
const CAPACITY = 120;
/** Calls between two restarts, which meet all there is to call. */
const BETWEEN = 150;

suite("a rolling restart", { skip: missingPostgres() }, () => {
  test("refuses no call and loses none, and what was acknowledged is done once", async () => {
    await withSite(async (site, balancer) => {
      const load = new SiteLoad(balancer.port, CLIENTS);
      const client = new Client(balancer.port);
      try {
        await load.more(BETWEEN);
        for (const node of [...site.of("gateway"), ...site.of("worker")]) {
          await replaced(node);
          if (node.role === "gateway")
            await until("it gets calls again", () => balancer.ready.includes(node.port));
          await load.more(BETWEEN);
        }
        await load.stop();
        await judge(site, load, client);
      } finally {
        await load.stop();
        load.close();
        client.close();
      }
    });
  });

  test("sends sockets elsewhere, which hear there of what they followed", async () => {
    await withSite(async (site, balancer) => {
      const [first, second] = site.of("gateway") as [SiteNode, SiteNode];
      const heard = new Map<string, Receipt["status"]>();
      let lost = 0;
      const followed = new ReceiptSocket(`http://127.0.0.1:${balancer.port}`, {
        onReceipt: ({ id, status }) => heard.set(id, status),
        onProblem: (problem) => assert.fail(JSON.stringify(problem)),
        onLost: () => lost++,
      });
      await followed.open();
      const told = await openSocket(first.port);
      try {
        const ids: string[] = [];
        for (const node of [first, second]) {
          // Not over before its gateway is.
          const accepted = await second.client.call("work-event", { tag: `socket ${node.port}`, ms: 4_000 });
          const { id } = accepted.as<Receipt>();
          ids.push(id);
          followed.follow(id);
          await until("it is followed", () => heard.has(id));
          await replaced(node);
          await until("it gets calls again", () => balancer.ready.includes(node.port));
        }
        assert.equal(await told.closeCode(), 1012);
        assert.ok(lost >= 1, "one of the two gateways had the socket");
        await until("all are heard of", () => ids.every((id) => heard.get(id) === "succeeded"), 20 * SECOND);
      } finally {
        followed.close();
        told.close();
      }
    });
  });
});

async function withSite(work: (site: Site, balancer: Balancer) => Promise<void>): Promise<void> {
  const site = await Site.start({ roles: ["gateway", "gateway", "worker", "worker"], capacity: CAPACITY });
  const balancer = await Balancer.before(site.of("gateway").map(({ port }) => port));
  try {
    await work(site, balancer);
  } finally {
    await balancer.close();
    await site.end();
  }
}

/** As a supervisor does it: told to end, waited for, started again at its place. */
async function replaced(node: SiteNode): Promise<void> {
  assert.equal(await node.end("SIGTERM", 40 * SECOND), 0, node.output);
  await node.start();
}
