/** The processes that serve this store, what runs in each, and how many that run jobs are wanted. */
import { count, duration, perSecond } from "../../format.ts";
import { useAnswer } from "../../parts/answer.ts";
import { Empty } from "../../parts/empty.tsx";
import { Head } from "../../parts/head.tsx";
import { Loading } from "../../parts/loading.tsx";
import { Moment } from "../../parts/moment.tsx";
import { Trouble } from "../../parts/trouble.tsx";
import type { NodeEntry, Page, Scale } from "../../wire.ts";
import { NodeTable } from "./node-table.tsx";
import "./nodes.css";
import { Sums } from "./sums.tsx";
import { inOrder, present } from "./together.ts";

const FOLLOW_MS = 2_000;
const MOST = 500;

export function NodesPage() {
  const nodes = useAnswer<Page<NodeEntry>>("/admin/nodes", { limit: MOST }, FOLLOW_MS);
  const scale = useAnswer<Scale>("/admin/scale", undefined, FOLLOW_MS);
  const here = present(nodes.value?.items ?? []);
  const self = nodes.value?.items.find((node) => node.self);
  const error = nodes.error ?? scale.error;
  const again = () => {
    nodes.again();
    scale.again();
  };
  return (
    <>
      <h1>Nodes</h1>
      <p class="quiet">
        The processes that serve this store. A few seconds after one was last seen, others may use what it
        held of the limits; after ten minutes it leaves this list.
      </p>
      {error !== undefined && <Trouble error={error} again={again} />}
      {error !== undefined && self && (
        <p class="quiet">
          What follows is as of <Moment at={self.seenAt} />.
        </p>
      )}
      {(!nodes.value || !scale.value) && error === undefined && <Loading />}
      {nodes.value && <NodeTable nodes={nodes.value.items} />}
      {here.length > 1 && <Sums nodes={inOrder(here)} />}
      {scale.value && <Wanted scale={scale.value} />}
    </>
  );
}

function Wanted({ scale: { within, workers, working, items } }: { readonly scale: Scale }) {
  return (
    <section class="next">
      <h2>Workers wanted</h2>
      {items.length === 0 ? (
        <Empty title="No operation is queued here">
          <p class="quiet">Request operations are answered at once by whoever they come to.</p>
        </Empty>
      ) : (
        <>
          <p>
            <strong>{count(workers)}</strong> to clear what waits within {count(within)} s, as far as the
            limits let them; {count(working)} {working === 1 ? "runs" : "run"} jobs now.
          </p>
          <WantedOf items={items} />
        </>
      )}
    </section>
  );
}

function WantedOf({ items }: Pick<Scale, "items">) {
  return (
    <div class="scroller">
      <table class="stacked nodes">
        <Head
          columns={[
            "Operation",
            ["Waiting", "number"],
            ["Running", "number"],
            ["Oldest", "number"],
            ["Arriving", "number"],
            ["A run takes", "number"],
            ["Slots wanted", "number"],
            ["Workers wanted", "number"],
          ]}
        />
        <tbody>
          {items.map((item) => (
            <tr key={item.name}>
              <th scope="row" class="whole">
                {item.name}
              </th>
              <td class="number" data-label="Waiting">
                {count(item.waiting)}
              </td>
              <td class="number" data-label="Running">
                {count(item.running)}
              </td>
              <td class="number" data-label="Oldest">
                {duration(item.oldestAgeMs)}
              </td>
              <td class="number" data-label="Arriving">
                {perSecond(item.arrivalsPerSecond)}
              </td>
              <td class="number" data-label="A run takes">
                {duration(item.runMs)}
              </td>
              <td class="number" data-label="Slots wanted">
                {count(Math.ceil(item.slots))}
              </td>
              <td class="number" data-label="Workers wanted">
                {count(item.workers)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
