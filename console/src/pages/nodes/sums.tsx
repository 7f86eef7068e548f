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
  return (
    <section class="next" aria-labelledby="together">
      <h2 id="together">All nodes together</h2>
      <p class="quiet">
        The sum of what each said of itself a second or two ago. What a gateway refused is not in it: that is
        on its own pages.
      </p>
      {operations.length === 0 ? (
        <Empty title="None of them has run anything yet" />
      ) : (
        <Run operations={operations} />
      )}
      {resources.length > 0 && <Shared resources={resources} />}
    </section>
  );
}

function Run({ operations }: { readonly operations: ReturnType<typeof operationsOf> }) {
  return (
    <div class="scroller">
      <table class="stacked nodes sums">
        <Head
          columns={[
            ["Operation", "name"],
            ["In slots", "number"],
            ["Runs", "number"],
            ["A run takes", "number"],
            ["Where it runs", "where"],
          ]}
        />
        <tbody>
          {operations.map(({ name, inUse, runsPerSecond, runMs, at }) => (
            <tr key={name}>
              <th scope="row" class="whole">
                {name}
              </th>
              <td class="number" data-label="In slots">
                {count(inUse)}
              </td>
              <td class="number" data-label="Runs">
                {perSecond(runsPerSecond)}
              </td>
              <td class="number" data-label="A run takes">
                {duration(runMs)}
              </td>
              <td class="whole" data-label="Where it runs">
                {partsSaid(at, perSecond)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Shared({ resources }: { readonly resources: ReturnType<typeof resourcesOf> }) {
  const limits = new Map(figures.value?.resources.map(({ name, concurrency }) => [name, concurrency]));
  return (
    <div class="scroller next">
      <table class="stacked nodes sums">
        <Head
          columns={[
            ["Resource", "name"],
            ["In slots", "number"],
            ["Limit", "number"],
            ["Where", "where"],
          ]}
        />
        <tbody>
          {resources.map(({ name, inUse, at }) => (
            <tr key={name}>
              <th scope="row" class="whole">
                {name}
              </th>
              <td class="number" data-label="In slots">
                {count(inUse)}
              </td>
              <td class="number" data-label="Limit">
                {limitSaid(limits.get(name))}
              </td>
              <td class="whole" data-label="Where">
                {partsSaid(at, count)}
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
