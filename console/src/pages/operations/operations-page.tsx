/** What is served here, its figures, and its settings: pausing and concurrency, in force at once. */
import type { ComponentChildren } from "preact";
import { figures } from "../../live.ts";
import { Said, useAction } from "../../parts/action.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Head } from "../../parts/head.tsx";
import { Unserved } from "../../parts/unserved.tsx";
import { Waiting } from "../../parts/waiting.tsx";
import { Whose } from "../../parts/whose.tsx";
import { hrefOf } from "../../router.ts";
import type { Figures } from "../../wire.ts";
import { SettingRow } from "./setting-row.tsx";
import "./operations.css";

export function OperationsPage() {
  return (
    <>
      <h1>Operations</h1>
      {figures.value ? <Settings figures={figures.value} /> : <Waiting />}
    </>
  );
}

function Settings({ figures: { operations, resources } }: { readonly figures: Figures }) {
  const action = useAction();
  const unserved = operations.filter((one) => one.unserved === true);
  return (
    <>
      <p class="quiet">
        A change is in force at once, on other nodes a second later, survives a restart, and stands in the{" "}
        <a href={hrefOf("/audit")}>audit</a>. Slots and rates are <Whose />; counts are the whole store's.
      </p>
      <Said by={action} />
      <Entries first="Operation">
        {operations.map((entry) =>
          entry.unserved ? null : (
            <SettingRow key={entry.name} kind="operations" entry={entry} action={action} />
          ),
        )}
      </Entries>
      <h2 class="next">Resources</h2>
      {resources.length === 0 ? (
        <Empty title="No resource is declared">
          <p class="quiet">A resource is one budget that several operations share, such as a database.</p>
        </Empty>
      ) : (
        <Entries first="Resource">
          {resources.map((entry) => (
            <SettingRow key={entry.name} kind="resources" entry={entry} action={action} />
          ))}
        </Entries>
      )}
      {unserved.length > 0 && (
        <section class="next">
          <Unserved operations={unserved} />
        </section>
      )}
    </>
  );
}

function Entries({ first, children }: { readonly first: string; readonly children: ComponentChildren }) {
  return (
    <div class="scroller">
      <table class="stacked settings">
        <Head
          columns={[
            [first, "name"],
            ["In use", "use"],
            ["Queued", "number"],
            ["Oldest", "number age"],
            ["Failed", "number"],
            ["Accepted", "number"],
            ["Answered", "number"],
            ["Refused", "number"],
            ["Concurrency", "limit"],
            ["Action", "pause number"],
          ]}
        />
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
