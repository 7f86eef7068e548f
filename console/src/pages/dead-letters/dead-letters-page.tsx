/** What has failed for good, in groups, and what can be done about a whole group. */
import { useState } from "preact/hooks";
import { count } from "../../format.ts";
import { type Action, Said, useAction } from "../../parts/action.tsx";
import { useAnswer } from "../../parts/answer.ts";
import { Button } from "../../parts/button.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Head } from "../../parts/head.tsx";
import { Loading } from "../../parts/loading.tsx";
import { Moment } from "../../parts/moment.tsx";
import { Trouble } from "../../parts/trouble.tsx";
import { hrefOf } from "../../router.ts";
import type { DeadLetters, Page } from "../../wire.ts";
import { PurgeDialog } from "./purge-dialog.tsx";
import { RedriveDialog } from "./redrive-dialog.tsx";
import "./dead-letters.css";

const FOLLOW_MS = 3_000;
/** Of groups: what one answer may hold. */
const MOST = 500;

type Chosen = { readonly what: "redrive" | "purge"; readonly group: DeadLetters };

export function DeadLettersPage() {
  const { value, error, again } = useAnswer<Page<DeadLetters>>(
    "/admin/dead-letters",
    { limit: MOST },
    FOLLOW_MS,
  );
  const [chosen, choose] = useState<Chosen | undefined>();
  const action = useAction();
  return (
    <>
      <h1>Dead letters</h1>
      <p class="quiet">
        Jobs that failed for good, by operation and error code. They keep their input, and stay until they are
        redriven or purged, or their time is up.
      </p>
      <Said by={action} />
      {error !== undefined && <Trouble error={error} again={again} />}
      {!value && error === undefined && <Loading />}
      {value &&
        (value.items.length === 0 ? (
          <Empty title="No job has failed for good">
            <p class="quiet">There is nothing to do here.</p>
          </Empty>
        ) : (
          <>
            <Groups groups={value.items} action={action} choose={choose} />
            {value.next !== null && (
              <p class="quiet">These are the first {count(MOST)} groups; there are more.</p>
            )}
          </>
        ))}
      {chosen && <Decision chosen={chosen} action={action} again={again} close={() => choose(undefined)} />}
    </>
  );
}

type GroupsProps = {
  readonly groups: readonly DeadLetters[];
  readonly action: Action;
  readonly choose: (chosen: Chosen) => void;
};

function Groups({ groups, action, choose }: GroupsProps) {
  return (
    <div class="scroller">
      <table class="stacked dead-letters">
        <Head
          columns={[
            "Operation",
            "Error code",
            ["Jobs", "number"],
            "First seen",
            "Last seen",
            ["Actions", "number"],
          ]}
        />
        <tbody>
          {groups.map((group) => (
            <Group key={nameOf(group)} group={group} isBusy={action.isBusy} choose={choose} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

type GroupProps = {
  readonly group: DeadLetters;
  readonly isBusy: boolean;
  readonly choose: (chosen: Chosen) => void;
};

function Group({ group, isBusy, choose }: GroupProps) {
  const { operation, errorCode, firstSeen, lastSeen } = group;
  const about = `${operation}, ${errorCode}`;
  return (
    <tr>
      <th scope="row" class="whole">
        {operation}
      </th>
      <td class="whole">
        <code>{errorCode}</code>
      </td>
      <td class="number" data-label="Jobs">
        {count(group.count)}
      </td>
      <td data-label="First seen">
        <Moment at={firstSeen} />
      </td>
      <td data-label="Last seen">
        <Moment at={lastSeen} />
      </td>
      <td class="whole">
        <div class="actions">
          <a
            class="button plain"
            href={hrefOf("/jobs", { status: "failed", operation, errorCode })}
            aria-label={`Show the jobs of ${about}`}
          >
            Show
          </a>
          <Button
            disabled={isBusy}
            aria-label={`Redrive ${about}`}
            onClick={() => choose({ what: "redrive", group })}
          >
            Redrive …
          </Button>
          <Button
            disabled={isBusy}
            aria-label={`Purge ${about}`}
            onClick={() => choose({ what: "purge", group })}
          >
            Purge …
          </Button>
        </div>
      </td>
    </tr>
  );
}

function nameOf({ operation, errorCode }: DeadLetters): string {
  return `${operation} ${errorCode}`;
}

type DecisionProps = {
  readonly chosen: Chosen;
  readonly action: Action;
  readonly again: () => void;
  readonly close: () => void;
};

function Decision({ chosen: { what, group }, action, again, close }: DecisionProps) {
  const decided = async (change: () => Promise<string>): Promise<void> => {
    close();
    await action.run(change);
    again();
  };
  const Asking = what === "redrive" ? RedriveDialog : PurgeDialog;
  return <Asking group={group} onDecide={decided} onClose={close} />;
}
