/** A labelled input, what it is for, and what is wrong with it. */
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

type FieldProps = {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly wrong?: string | undefined;
  /** Gets what ties the input to its label. */
  readonly children: (field: {
    readonly id: string;
    readonly "aria-describedby"?: string;
    readonly "aria-invalid"?: true;
  }) => ComponentChildren;
};

export function Field({ label, hint, wrong, children }: FieldProps) {
  const id = useId();
  const about = `${id}-about`;
  const says = wrong ?? hint;
  const field = {
    id,
    ...(says && { "aria-describedby": about }),
    ...(wrong && { "aria-invalid": true as const }),
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(field)}
      {says && (
        <p id={about} class={wrong ? "wrong" : "hint"} role={wrong ? "alert" : undefined}>
          {says}
        </p>
      )}
    </div>
  );
}
