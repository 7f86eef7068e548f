/** One operation or resource: its figures, and what may be changed about it. */
import { ask } from "../../api.ts";
import { count, duration, perSecond } from "../../format.ts";
import { changed } from "../../live.ts";
import type { Action } from "../../parts/action.tsx";
import { Button } from "../../parts/button.tsx";
import { hrefOf } from "../../router.ts";
import type { ResourceEntry, ServedOperation } from "../../wire.ts";
import { Concurrency } from "./concurrency.tsx";

export type SettingRowProps = { readonly action: Action } & (
  | { readonly kind: "operations"; readonly entry: ServedOperation }
  | { readonly kind: "resources"; readonly entry: ResourceEntry }
);

type Patch = { readonly paused?: boolean; readonly concurrency?: number | null };

export function SettingRow(props: SettingRowProps) {
  const { kind, entry, action } = props;
  const { name, paused, rates } = entry;
  const set = (patch: Patch, said: string) =>
    action.run(async () => {
      const path = `/admin/${kind}/${encodeURIComponent(name)}`;
      if (kind === "operations")
        changed(kind, await ask<ServedOperation>(path, { method: "PATCH", body: patch }));
      else changed(kind, await ask<ResourceEntry>(path, { method: "PATCH", body: patch }));
      return said;
    });
  return (
    <tr>
      <th scope="row" class="whole">
        {name} {paused && <span class="paused">paused</span>}
        <About {...props} />
      </th>
      <td data-label="In use">
        <InUse
          inUse={entry.inUse}
          limit={props.kind === "operations" ? props.entry.limit : entry.concurrency}
        />
      </td>
      <td class="number" data-label="Queued">
        {count(entry.queued)}
      </td>
      <td class="number" data-label="Oldest">
        {duration(entry.oldestAgeMs)}
      </td>
      <td class="number" data-label="Failed">
        <Failed {...props} />
      </td>
      <td class="number" data-label="Accepted">
        {perSecond(rates.acceptedPerSecond)}
      </td>
      <td class="number" data-label="Answered">
        {perSecond(rates.answeredPerSecond)}
      </td>
      <td class="number" data-label="Refused">
        {perSecond(rates.refusedPerSecond)}
      </td>
      <td data-label="Concurrency" class="limit">
        <Concurrency
          name={name}
          inForce={entry.concurrency}
          declared={entry.declared}
          isBusy={action.isBusy}
          onSet={(concurrency) => set({ concurrency }, concurrencySaid(name, concurrency ?? entry.declared))}
        />
      </td>
      <td class="number">
        <Button
          kind={paused ? "main" : "plain"}
          disabled={action.isBusy}
          aria-label={`${paused ? "Resume" : "Pause"} ${name}`}
          onClick={() =>
            set({ paused: !paused }, `${name} is ${paused ? "resumed" : `paused: ${effectOf(props)}`}.`)
          }
        >
          {paused ? "Resume" : "Pause"}
        </Button>
      </td>
    </tr>
  );
}

function concurrencySaid(name: string, inForce: number | null): string {
  return inForce === null
    ? `${name} has no limit of its own any more.`
    : `The concurrency of ${name} is ${count(inForce)}.`;
}

function effectOf(props: SettingRowProps): string {
  if (props.kind === "resources") return `so is what needs it: ${props.entry.operations.join(", ")}`;
  return props.entry.flow === "request" ? "its calls are refused" : "its calls are queued";
}

const ACCESS = { public: undefined, internal: "internal", admin: "admin only" } as const;

function About(props: SettingRowProps) {
  if (props.kind === "resources") {
    const { operations, ratePerSecond } = props.entry;
    return (
      <p class="about">
        shared by {operations.join(", ")}
        {ratePerSecond !== null && `; at most ${count(ratePerSecond)} a second`}
      </p>
    );
  }
  const { flow, access, resources, abandoned } = props.entry;
  const words = [flow, ACCESS[access], resources.length > 0 && `needs ${resources.join(", ")}`];
  return (
    <p class="about">
      {words.filter(Boolean).join(" · ")}
      {abandoned > 0 && <strong> · {count(abandoned)} handlers never returned</strong>}
    </p>
  );
}

function Failed({ kind, entry: { name, failed } }: SettingRowProps) {
  if (failed === 0 || kind === "resources") return <>{count(failed)}</>;
  return <a href={hrefOf("/jobs", { status: "failed", operation: name })}>{count(failed)}</a>;
}

function InUse({ inUse, limit }: { readonly inUse: number; readonly limit: number | null }) {
  if (limit === null) return <>{count(inUse)}</>;
  const isFull = inUse >= limit;
  return (
    <div class={`in-use${isFull ? " full" : ""}`}>
      {count(inUse)} of {count(limit)}
      {isFull && " · full"}
      <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        <rect width="100" height="4" class="room" />
        <rect width={Math.min(100, (inUse / limit) * 100)} height="4" class="level" />
      </svg>
    </div>
  );
}
