/** What all nodes do together, by operation and by resource, and at which of them. */

import { count, duration, perSecond } from "../../format.ts";
import { figures } from "../../live.ts";
import { Empty } from "../../parts/empty.tsx";
import { Head } from "../../parts/head.tsx";
import type { NodeEntry } from "../../wire.ts";
import { operationsOf, type Part, resourcesOf } from "./together.ts";

export function Sums({ nodes }: { readonly nodes: readonly NodeEntry[] }) {
  const resources = resourcesOf(nodes);
  const operations = operationsOf(nodes);
  const limits = new Map(figures.value?.resources.map(({ name, concurrency }) => [name, concurrency]));
  return (
    <section class="next" aria-labelledby="together">
      <h2 id="together">All nodes together</h2>
      <p class="quiet">
        The sum of what each said of itself a second or two ago. A call is answered or refused where it came;
        what is queued may run elsewhere.
      </p>
      {operations.length === 0 ? (
        <Empty title="None of them has run anything yet" />
      ) : (
        <SumTable
          kind="Operation"
          figures={["Answered", "Refused", "Runs", "In slots", "A run takes"]}
          where="Where it runs"
          rows={operations.map(({ name, at, ...sum }) => ({
            name,
            figures: [
              ...[perSecond(sum.answeredPerSecond), perSecond(sum.refusedPerSecond)],
              ...[perSecond(sum.runsPerSecond), count(sum.inUse), duration(sum.runMs)],
            ],
            where: partsSaid(at, perSecond),
          }))}
        />
      )}
      {resources.length > 0 && (
        <SumTable
          kind="Resource"
          figures={["In slots", "Limit"]}
          where="Where"
          rows={resources.map(({ name, inUse, at }) => ({
            name,
            figures: [count(inUse), limitSaid(limits.get(name))],
            where: partsSaid(at, count),
          }))}
        />
      )}
    </section>
  );
}

type SumTableProps = {
  readonly kind: string;
  readonly figures: readonly string[];
  readonly where: string;
  readonly rows: readonly {
    readonly name: string;
    readonly figures: readonly string[];
    readonly where: string;
  }[];
};

function SumTable({ kind, figures, where, rows }: SumTableProps) {
  return (
    <div class="scroller">
      <table class="stacked nodes sums">
        <Head
          columns={[[kind, "name"], ...figures.map((name) => [name, "number"] as const), [where, "where"]]}
        />
        <tbody>
          {rows.map((row) => (
            <tr key={row.name}>
              <th scope="row" class="whole">
                {row.name}
              </th>
              {row.figures.map((figure, place) => (
                <td key={figures[place]} class="number" data-label={figures[place]}>
                  {figure}
                </td>
              ))}
              <td class="whole" data-label={where}>
                {row.where}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A resource of another version's node is known by its name only. */
function limitSaid(limit: number | null | undefined): string {
  return limit === undefined ? "–" : limit === null ? "none" : count(limit);
}

function partsSaid(parts: readonly Part[], said: (much: number) => string): string {
  return parts.length === 0 ? "nowhere" : parts.map(({ node, much }) => `${node}: ${said(much)}`).join(", ");
}
