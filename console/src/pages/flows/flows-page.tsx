/** The architecture as it runs: each operation's lane, what is shared, the last minutes, and what there is to turn. */
import { moment } from "../../format.ts";
import { connection, history, trouble } from "../../live.ts";
import { matching } from "../../media.ts";
import { Unserved } from "../../parts/unserved.tsx";
import { Waiting } from "../../parts/waiting.tsx";
import { Whose } from "../../parts/whose.tsx";
import { Charts } from "./charts.tsx";
import "./flows.css";
import "./picture.css";
import { Controls } from "./controls.tsx";
import { sceneOf } from "./lanes.ts";
import { Picture } from "./picture.tsx";

/** Of the figures: what the picture looks back on. */
const RECENT = 8;

const isWide = matching("(width >= 1000px)");

export function FlowsPage() {
  const looks = history.value.slice(-RECENT);
  const latest = looks.at(-1);
  const { groups, controls, unserved } = sceneOf(looks);
  const isStale = connection.value !== "live";
  // To be turned while the picture is looked at: above it where both are in sight, else not in its way.
  const pictures = groups.map((group) => <Picture key={keyOf(group)} group={group} />);
  const controlling = <Controls key="controls" operations={controls} />;
  const [first, ...rest] = pictures;
  return (
    <div class={`flows ${isStale ? "stale" : ""}`}>
      <header class="heading">
        <h1>Flows</h1>
        {latest && (
          <p class="quiet">
            {isStale ? (
              `As of ${moment(latest.at)}. ${trouble.value ?? ""}`
            ) : (
              <>
                Rates and slots: <Whose />, of the last 3 seconds.
              </>
            )}
          </p>
        )}
      </header>
      {!latest && <Waiting />}
      {isWide.value ? [controlling, first] : [first, controlling]}
      {latest && <Charts latest={latest} />}
      {rest}
      {unserved.length > 0 && (
        <section class="panel">
          <Unserved operations={unserved} />
        </section>
      )}
    </div>
  );
}

function keyOf({ resources }: ReturnType<typeof sceneOf>["groups"][number]): string {
  return resources.map(({ entry }) => entry.name).join(" ");
}
