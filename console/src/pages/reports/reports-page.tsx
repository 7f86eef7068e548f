/** The flow reports that the server knows, newest first. */
import { count } from "../../format.ts";
import { useAnswer } from "../../parts/answer.ts";
import { Empty } from "../../parts/empty.tsx";
import { Head } from "../../parts/head.tsx";
import { Loading } from "../../parts/loading.tsx";
import { Moment } from "../../parts/moment.tsx";
import { Trouble } from "../../parts/trouble.tsx";
import { hrefOf } from "../../router.ts";
import type { Page } from "../../wire.ts";

type ListedReport = {
  readonly name: string;
  readonly madeAt: string;
  readonly app: string;
  readonly operation: string;
  readonly offered: number;
  readonly flow: string | null;
};

export function ReportsPage() {
  const { value, error, again } = useAnswer<Page<ListedReport>>("/admin/reports");
  return (
    <>
      <h1>Reports</h1>
      {error !== undefined && <Trouble error={error} again={again} />}
      {!value && error === undefined && <Loading />}
      {value && (value.items.length === 0 ? <NoReports /> : <List reports={value.items} />)}
    </>
  );
}

function NoReports() {
  return (
    <Empty title="No flow reports yet">
      <p>
        A flow report runs one operation in all three flows under the same load and measures what comes of it:
      </p>
      <p>
        <code>npx spillway lab ./app.ts --operation NAME</code>
      </p>
      <p>In a clone of Spillway, with the example that it brings:</p>
      <p>
        <code>node bin/spillway.js lab examples/orders/app.ts --operation place-order</code>
      </p>
    </Empty>
  );
}

function List({ reports }: { readonly reports: readonly ListedReport[] }) {
  return (
    <div class="scroller">
      <table>
        <Head columns={["Operation", "Made", ["Calls offered", "number"], "Recommended"]} />
        <tbody>
          {reports.map(({ name, operation, madeAt, offered, flow }) => (
            <tr key={name}>
              <td>
                <a href={hrefOf(`/reports/${encodeURIComponent(name)}`)}>{operation}</a>
              </td>
              <td>
                <Moment at={madeAt} />
              </td>
              <td class="number">{count(offered)}</td>
              <td>{flow ?? "measured too little to say"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
