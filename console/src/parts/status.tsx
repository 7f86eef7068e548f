/** A job's status, by a word and a shape; the colour is only there besides. */
import type { Status } from "../wire.ts";

const SHAPES: Readonly<Record<Status, string>> = {
  queued: "○",
  running: "◐",
  succeeded: "●",
  failed: "✕",
  cancelled: "–",
};

export function StatusBadge({ status }: { readonly status: Status }) {
  return (
    <span class={`status ${status}`}>
      <span aria-hidden="true">{SHAPES[status]}</span> {status}
    </span>
  );
}
