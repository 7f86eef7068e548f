/** Sends a group of failed jobs back to the queue, all at once or so many in a time. */
import { useState } from "preact/hooks";
import { ask } from "../../api.ts";
import { duration } from "../../format.ts";
import { figures } from "../../live.ts";
import { Button } from "../../parts/button.tsx";
import { jobs } from "../../parts/count.ts";
import { Dialog } from "../../parts/dialog.tsx";
import type { DeadLetters } from "../../wire.ts";
import { spreadMs, UNITS, type Unit } from "./rate.ts";

export type DecisionDialogProps = {
  readonly group: DeadLetters;
  readonly onDecide: (change: () => Promise<string>) => Promise<void>;
  readonly onClose: () => void;
};

export function RedriveDialog({ group, onDecide, onClose }: DecisionDialogProps) {
  const { operation, errorCode } = group;
  const [isSpread, setSpread] = useState(false);
  const [many, setMany] = useState(50);
  const [unit, setUnit] = useState<Unit>("s");
  const rate = isSpread ? `${many}/${unit}` : undefined;
  const redrive = async (): Promise<string> => {
    const body = { operation, errorCode, ...(rate && { rate }) };
    const { count } = await ask<{ count: number }>("/admin/jobs/redrive", { method: "POST", body });
    return `${jobs(count)} of ${operation} redriven${rate ? `, at ${rate}` : ""}.`;
  };
  return (
    <Dialog title={`Redrive ${jobs(group.count)} of ${operation}`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void onDecide(redrive);
        }}
      >
        <p>
          They failed with <code>{errorCode}</code>. Each is queued again with its input and a fresh set of
          attempts. <Paused operation={operation} />
        </p>
        <fieldset class="choices">
          <legend>How fast</legend>
          <label>
            <input type="radio" name="speed" checked={!isSpread} onChange={() => setSpread(false)} /> All at
            once, as slots come free
          </label>
          <label>
            <input type="radio" name="speed" checked={isSpread} onChange={() => setSpread(true)} /> At a rate,
            the oldest first
          </label>
          {isSpread && (
            <div class="rate">
              <input
                type="number"
                aria-label="Jobs"
                min="1"
                max="1000000"
                required
                value={many}
                onInput={({ currentTarget }) => setMany(currentTarget.valueAsNumber)}
              />
              jobs per
              <select
                aria-label="Per"
                value={unit}
                onChange={({ currentTarget }) => setUnit(currentTarget.value as Unit)}
              >
                {Object.entries(UNITS).map(([unit, { name }]) => (
                  <option key={unit} value={unit}>
                    {name}
                  </option>
                ))}
              </select>
              {many >= 1 && (
                <span class="quiet">the last one after {duration(spreadMs(group.count, many, unit))}</span>
              )}
            </div>
          )}
        </fieldset>
        <div class="actions">
          <Button kind="main" type="submit">
            Redrive {jobs(group.count)}
          </Button>
          <Button onClick={onClose}>Leave them</Button>
        </div>
      </form>
    </Dialog>
  );
}

function Paused({ operation }: { readonly operation: string }) {
  const { operations = [], resources = [] } = figures.value ?? {};
  const entry = operations.find(({ name }) => name === operation);
  if (!entry) return null;
  if (entry.unserved) return <strong>Nothing here serves {operation}, so they will wait.</strong>;
  const isPaused =
    entry.paused || resources.some(({ name, paused }) => paused && entry.resources.includes(name));
  return isPaused ? <strong>{operation} is paused, so they will wait until it is resumed.</strong> : null;
}
