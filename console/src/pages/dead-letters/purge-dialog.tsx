/** Deletes a group of failed jobs for good: asked in figures, and answered in figures. */
import { useState } from "preact/hooks";
import { ask } from "../../api.ts";
import { Button } from "../../parts/button.tsx";
import { jobs } from "../../parts/count.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { Field } from "../../parts/field.tsx";
import type { DecisionDialogProps } from "./redrive-dialog.tsx";

export function PurgeDialog({ group, onDecide, onClose }: DecisionDialogProps) {
  const { operation, errorCode, count } = group;
  const [typed, setTyped] = useState("");
  const isMeant = Number(typed.replace(/[\s,.]/g, "")) === count && typed !== "";
  const purge = async (): Promise<string> => {
    const body = { operation, errorCode };
    const purged = await ask<{ count: number }>("/admin/jobs/purge", { method: "POST", body });
    return `${jobs(purged.count)} of ${operation} purged.`;
  };
  return (
    <Dialog title={`Purge ${jobs(count)} of ${operation}?`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isMeant) void onDecide(purge);
        }}
      >
        <p>
          All that failed with <code>{errorCode}</code> are deleted with their inputs and errors, also those
          that fail before you confirm. This cannot be undone. The audit keeps a note of it.
        </p>
        <Field label={`To confirm, type how many: ${count}`}>
          {(field) => (
            <input
              {...field}
              inputMode="numeric"
              autocomplete="off"
              value={typed}
              onInput={({ currentTarget }) => setTyped(currentTarget.value)}
            />
          )}
        </Field>
        <div class="actions">
          <Button kind="danger" type="submit" disabled={!isMeant}>
            Purge {jobs(count)}
          </Button>
          <Button onClick={onClose}>Keep them</Button>
        </div>
      </form>
    </Dialog>
  );
}
