/** What an operator may do with a job: cancel it while it is not final, send a failed one back to the queue. */
import { useState } from "preact/hooks";
import { ask } from "../../api.ts";
import type { Action } from "../../parts/action.tsx";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import type { Job, Receipt } from "../../wire.ts";

type JobActionsProps = { readonly job: Job; readonly action: Action; readonly again: () => void };

export function JobActions({ job: { id, status, cancelRequested }, action, again }: JobActionsProps) {
  const [isAsking, setAsking] = useState(false);
  const redrive = async (): Promise<void> => {
    await action.run(async () => {
      const { count } = await ask<{ count: number }>("/admin/jobs/redrive", {
        method: "POST",
        body: { ids: [id] },
      });
      return count === 1
        ? "Redriven: it is queued again."
        : "It was no longer failed, so nothing was changed.";
    });
    again();
  };
  const cancel = async (): Promise<void> => {
    setAsking(false);
    await action.run(async () => {
      const { status } = await ask<Receipt>(`/admin/jobs/${encodeURIComponent(id)}`, { method: "DELETE" });
      return status === "cancelled" ? "Cancelled." : "Its handler was told to stop.";
    });
    again();
  };
  return (
    <div class="actions">
      {status === "failed" && (
        <Button kind="main" busy={action.isBusy} onClick={redrive}>
          Redrive
        </Button>
      )}
      {(status === "queued" || status === "running") && !cancelRequested && (
        <Button busy={action.isBusy} onClick={() => setAsking(true)}>
          Cancel job …
        </Button>
      )}
      {isAsking && (
        <Dialog title="Cancel this job?" onClose={() => setAsking(false)}>
          <p>
            {status === "running"
              ? "Its handler runs now and is told to stop. If it succeeds all the same, the job has succeeded; otherwise it is cancelled and not tried again."
              : "It will not run, and a cancelled job cannot be brought back."}
          </p>
          <div class="actions">
            <Button kind="danger" onClick={cancel}>
              Cancel the job
            </Button>
            <Button onClick={() => setAsking(false)}>Keep it</Button>
          </div>
        </Dialog>
      )}
    </div>
  );
}
