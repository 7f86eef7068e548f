/** `GET /admin/nodes`: the processes that serve this store, what runs in each, and those that were lost lately. */
import { timestamp } from "../../core/clock.ts";
import { type NodeReport, readReport, reportOf } from "../../core/node-report.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { NodeFacts } from "../../core/share.ts";
import type { Reply } from "../exchange.ts";
import { pageOf } from "./lists.ts";
import type { Query } from "./query.ts";

export type SiteNode = NodeFacts & {
  readonly seenAt: number;
  readonly lost: boolean;
  /** Whoever answers. */
  readonly self: boolean;
  readonly report: NodeReport;
};

/** This process, as it is now, and the others as they last told of themselves. */
export async function siteNodes({ store, self, gate, meters, clock }: Runtime): Promise<readonly SiteNode[]> {
  const own = { ...self, seenAt: clock.now(), lost: false, self: true, report: reportOf(gate, meters) };
  const { engine } = store ?? {};
  const known = engine?.limits.singleOwner ? [] : ((await engine?.nodes?.()) ?? []);
  const others = known.filter(({ id }) => id !== self.id);
  return [own, ...others.map((one) => ({ ...one, self: false, report: readReport(one.report) }))];
}

/** Whether it runs queued jobs. */
export function isWorker({ role, lost }: SiteNode): boolean {
  return !lost && (role === "worker" || role === "all");
}

export async function nodesRoute(query: Query, runtime: Runtime): Promise<Reply> {
  const items = (await siteNodes(runtime)).map(
    ({ id, host, role, startedAt, seenAt, lost, self, report }) => ({
      ...{ id, host, role, startedAt: timestamp(startedAt), seenAt: timestamp(seenAt), lost, self },
      operations: Object.entries(report.operations).map(([name, said]) => ({
        name,
        inUse: said.inUse,
        runMs: said.runMs || null,
        runsPerSecond: said.runsPerSecond,
        arrivalsPerSecond: said.arrivalsPerSecond,
        answeredPerSecond: said.answeredPerSecond,
        refusedPerSecond: said.refusedPerSecond,
      })),
      resources: Object.entries(report.resources).map(([name, inUse]) => ({ name, inUse })),
    }),
  );
  return pageOf(items, query, ({ id }) => id);
}
