/** More calls than the site's database has connections for, at two gateways, with two workers behind them. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Client } from "../wire/support/client.ts";
import type { Receipt } from "../wire/support/judge.ts";
import { eachOf, SECOND, times, until } from "../wire/support/wait.ts";
import { Balancer } from "./support/balancer.ts";
import { missingPostgres } from "./support/installation.ts";
import { Site } from "./support/site.ts";
import { mostAtOnce } from "./support/site-load.ts";

const CAPACITY = 10;
const CALLS = 600;
const CONNECTIONS = 120;
const WORK_MS = 20;

suite("a burst on two gateways and two workers", { skip: missingPostgres() }, () => {
  for (const flow of ["request", "event", "spill"] as const) {
    test(`of ${flow} calls loses none, doubles none, and uses no more slots than there are`, async () => {
      const site = await Site.start({
        roles: ["gateway", "gateway", "worker", "worker"],
        capacity: CAPACITY,
      });
      const balancer = await Balancer.before(site.of("gateway").map(({ port }) => port));
      const client = new Client(balancer.port).wide(CONNECTIONS);
      try {
        const answers = await eachOf(times(CALLS), CONNECTIONS, async (number) => {
          const tag = `${flow}-${number}`;
          const answer = await client.call(`work-${flow}`, { tag, ms: WORK_MS });
          return { tag, answer, body: answer.as<Receipt & { code?: string }>() };
        });
        const counted = Object.groupBy(answers, ({ answer, body }) => body.code ?? String(answer.status));
        assert.deepEqual(Object.keys(counted).sort(), EXPECTED[flow], shown(counted));
        const accepted = counted["202"] ?? [];
        await eachOf(accepted, 8, async ({ tag, body }) => {
          await until(
            `${tag} has succeeded`,
            async () => (await client.receipt(body.id)).as<Receipt>().status === "succeeded",
            60 * SECOND,
          );
        });
        const promised = [...(counted["200"] ?? []), ...accepted].map(({ tag }) => tag).sort();
        const runs = await site.runs();
        assert.deepEqual([...(await site.kept()).keys()].sort(), promised, "kept is what was promised");
        assert.deepEqual(runs.map(({ tag }) => tag).sort(), promised, "each was run once, and nothing else");
        const most = mostAtOnce(runs);
        assert.ok(most <= CAPACITY, `${most} were at work at once, and there are ${CAPACITY} slots`);
        assert.ok(most > CAPACITY / 2, `only ${most} were at work at once`);
      } finally {
        client.close();
        await balancer.close();
        await site.end();
      }
    });
  }
});

const EXPECTED = {
  request: ["200", "saturated"],
  event: ["202"],
  spill: ["200", "202"],
} as const;

function shown(counted: Readonly<Record<string, readonly unknown[] | undefined>>): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(counted).map(([what, list]) => [what, list?.length])),
  );
}
