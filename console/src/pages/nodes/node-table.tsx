/** The nodes, so that they can be told apart, and what they do together. */
import { count, duration, perSecond } from "../../format.ts";
import { nameOf } from "../../node-name.ts";
import { Head } from "../../parts/head.tsx";
import { Moment } from "../../parts/moment.tsx";
import { serverTime } from "../../server-time.ts";
import type { NodeEntry } from "../../wire.ts";
import { inOrder, present, type Sum, sumOf } from "./together.ts";

export function NodeTable({ nodes }: { readonly nodes: readonly NodeEntry[] }) {
  const here = present(nodes);
  return (
    <div class="scroller">
      <table class="stacked nodes">
        <Head
          columns={[
            "Node",
            "Machine",
            "Started",
            "Last seen",
            ["Answered", "number"],
            ["Refused", "number"],
            ["Queued", "number"],
            ["Runs", "number"],
            "In its slots",
          ]}
        />
        <tbody>
          {inOrder(nodes).map((node) => (
            <NodeRow key={node.id} node={node} />
          ))}
        </tbody>
        {here.length > 1 && <Together nodes={here} />}
      </table>
    </div>
  );
}

function NodeRow({ node }: { readonly node: NodeEntry }) {
  const { id, host, startedAt, seenAt, lost, self } = node;
  const sum = sumOf([node]);
  return (
    <tr class={lost ? "gone" : undefined}>
      <th scope="row" class="whole">
        {nameOf(node)} {lost && <span class="lost">lost</span>}
        {self && <span class="self">answers this page</span>}
        <p class="about">{id}</p>
      </th>
      <td data-label="Machine">{host}</td>
      <td data-label="Started">
        <Moment at={startedAt} />
        {!lost && <p class="about">{duration(Math.max(0, serverTime.value - Date.parse(startedAt)))} ago</p>}
      </td>
      <td data-label="Last seen">
        <Moment at={seenAt} />
      </td>
      <Rates sum={lost ? undefined : sum} />
      <td class="whole" data-label="In its slots">
        {lost ? "unknown" : inSlots(node)}
      </td>
    </tr>
  );
}

/** Of a lost node nothing is known. */
function Rates({ sum }: { readonly sum: Sum | undefined }) {
  const rates = [
    ["Answered", sum?.answeredPerSecond],
    ["Refused", sum?.refusedPerSecond],
    ["Queued", sum?.arrivalsPerSecond],
    ["Runs", sum?.runsPerSecond],
  ] as const;
  return (
    <>
      {rates.map(([name, rate]) => (
        <td key={name} class="number" data-label={name}>
          {rate === undefined ? "–" : perSecond(rate)}
        </td>
      ))}
    </>
  );
}

function inSlots({ operations }: NodeEntry): string {
  const busy = operations.filter(({ inUse }) => inUse > 0);
  return busy.length === 0 ? "nothing" : busy.map(({ name, inUse }) => `${name} ${count(inUse)}`).join(", ");
}

function Together({ nodes }: { readonly nodes: readonly NodeEntry[] }) {
  const sum = sumOf(nodes);
  const machines = new Set(nodes.map(({ host }) => host)).size;
  return (
    <tbody class="together">
      <tr>
        <th scope="row" class="whole">
          {count(nodes.length)} together
        </th>
        <td data-label="Machines">
          {count(machines)} {machines === 1 ? "machine" : "machines"}
        </td>
        <td />
        <td />
        <Rates sum={sum} />
        <td class="whole" data-label="In their slots">
          {sum.inUse === 0 ? "nothing" : `${count(sum.inUse)} ${sum.inUse === 1 ? "run" : "runs"}`}
        </td>
      </tr>
    </tbody>
  );
}
