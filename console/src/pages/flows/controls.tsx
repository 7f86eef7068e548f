/** Operations for administrators, each as a form made from its input schema. */
import type { ServedOperation } from "../../wire.ts";
import { ControlForm } from "./control-form.tsx";

export function Controls({ operations }: { readonly operations: readonly ServedOperation[] }) {
  if (operations.length === 0) return null;
  return (
    <section class="panel" aria-label="Controls">
      {operations.map(({ name }) => (
        <ControlForm key={name} name={name} />
      ))}
    </section>
  );
}
