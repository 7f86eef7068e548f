/** The processes that serve this store, what runs in each, and how many that run jobs are wanted. */
import { count, duration, perSecond } from "../../format.ts";
import { useAnswer } from "../../parts/answer.ts";
import { Empty } from "../../parts/empty.tsx";
import { Head } from "../../parts/head.tsx";
import { Loading } from "../../parts/loading.tsx";
import { Moment } from "../../parts/moment.tsx";
import { Trouble } from "../../parts/trouble.tsx";
import type { NodeEntry, Page, Scale } from "../../wire.ts";
import "./nodes.css";

const FOLLOW_MS = 2_000;
const MOST = 500;

export function NodesPage() {
  const nodes = useAnswer<Page<NodeEntry>>("/admin/nodes", { limit: MOST }, FOLLOW_MS);
  const scale = useAnswer<Scale>("/admin/scale", undefined, FOLLOW_MS);
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
      {(!nodes.value || !scale.value) && error === undefined && <Loading />}
      {nodes.value && <Nodes nodes={nodes.value.items} />}
      {scale.value && <Wanted scale={scale.value} />}
    </>
  );
}

function Nodes({ nodes }: { readonly nodes: readonly NodeEntry[] }) {
  return (
    <div class="scroller">
      <table class="stacked nodes">
        <Head
          columns={["Node", "Machine", "Role", "Started", "Last seen", ["Runs", "number"], "In its slots"]}
        />
        <tbody>
          {nodes.map((node) => (
            <tr key={node.id}>
              <th scope="row" class="whole">
                {node.id} {node.lost && <span class="lost">lost</span>}
                {node.self && <span class="quiet"> answers this page</span>}
              </th>
              <td data-label="Machine">{node.host}</td>
              <td data-label="Role">{node.role}</td>
              <td data-label="Started">
                <Moment at={node.startedAt} />
              </td>
              <td data-label="Last seen">
                <Moment at={node.seenAt} />
              </td>
              <td class="number" data-label="Runs">
                {perSecond(node.operations.reduce((sum, { runsPerSecond }) => sum + runsPerSecond, 0))}
              </td>
              <td class="whole" data-label="In its slots">
                {node.lost ? "unknown" : inSlots(node)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function inSlots({ operations }: NodeEntry): string {
  const busy = operations.filter(({ inUse }) => inUse > 0);
  return busy.length === 0 ? "nothing" : busy.map(({ name, inUse }) => `${name} ${count(inUse)}`).join(", ");
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
