/** Operations for administrators, each as a form made from its input schema. */
import { self } from "../../site.ts";
import type { ServedOperation } from "../../wire.ts";
import { ControlForm } from "./control-form.tsx";

export function Controls({ operations }: { readonly operations: readonly ServedOperation[] }) {
  const role = self.value?.role;
  // Nothing is offered before it is known that it can be had.
  if (operations.length === 0 || role === undefined) return null;
  if (role === "worker") {
    return (
      <p class="quiet elsewhere">
        This worker takes no calls: what administrators may call is at the console of a gateway.
      </p>
    );
  }
  return (
    <section class="panel" aria-label="Controls">
      {operations.map(({ name }) => (
        <ControlForm key={name} name={name} />
      ))}
    </section>
  );
}
