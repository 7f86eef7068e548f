/** Operations that share a resource: their lanes side by side, and what all of them lead to. */
import { count } from "../../format.ts";
import { Box, Slots, STRAINS } from "./box.tsx";
import { LaneView } from "./lane-view.tsx";
import type { Group, SharedResource } from "./lanes.ts";

export function Picture({ group: { resources, lanes } }: { readonly group: Group }) {
  const hasResource = resources.length > 0;
  const title = hasResource ? resources.map(({ entry }) => entry.name).join(", ") : "No shared resource";
  const many = lanes.length === 1 ? "1 operation" : `${lanes.length} operations`;
  return (
    <section class="picture panel" aria-label={title}>
      <h2>
        {title}{" "}
        <span class="quiet">
          {hasResource ? `${lanes.length === 1 ? "used" : "shared"} by ${many}` : many}
        </span>
      </h2>
      <div class="scene">
        <div class="lanes">
          {lanes.map((lane) => (
            <LaneView
              key={lane.operation.name}
              lane={lane}
              target={hasResource ? lane.operation.resources.join(", ") : "the store"}
            />
          ))}
        </div>
        <div class="resources">
          {resources.map((resource) => (
            <Resource key={resource.entry.name} resource={resource} />
          ))}
          {!hasResource && <Box kind="resource" title="Store" calm="outcomes and effects" />}
        </div>
      </div>
    </section>
  );
}

function Resource({ resource: { entry, inUse, strain, isBusy } }: { readonly resource: SharedResource }) {
  const { name, concurrency, peak, ratePerSecond, paused } = entry;
  return (
    <Box
      kind="resource"
      title="Resource"
      isPaused={paused}
      strain={strain && STRAINS[strain]}
      calm={isBusy ? "busy" : "has room"}
    >
      <p class="name">{name}</p>
      <Slots inUse={inUse} limit={concurrency} />
      <p>
        peak <b>{count(peak)}</b>
      </p>
      {ratePerSecond !== null && (
        <p>
          at most <b>{count(ratePerSecond)}/s</b>
        </p>
      )}
    </Box>
  );
}
