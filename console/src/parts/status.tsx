/** A job's status, by a word and a shape; the colour is only there besides. */
import type { ListedJob, Status } from "../wire.ts";

const SHAPES: Readonly<Record<Status, string>> = {
  queued: "M6 1.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 1 1 0-9",
  running: "M3.5 2v8l6.5-4z",
  succeeded: "M2 6.5l3 3l5-7",
  failed: "M2.5 2.5l7 7m0-7l-7 7",
  cancelled: "M2 6h8",
};

/** And whether somebody wants it to be another soon. */
export function StatusBadge({ job: { status, cancelRequested } }: { readonly job: ListedJob }) {
  return (
    <>
      <span class={`status ${status}`}>
        <svg viewBox="0 0 12 12" width="10" height="10" aria-hidden="true">
          <path
            d={SHAPES[status]}
            fill="none"
            stroke="currentColor"
            stroke-width="2"
            stroke-linejoin="round"
          />
        </svg>
        {status}
      </span>{" "}
      {cancelRequested && <span class="status">cancel asked for</span>}
    </>
  );
}
