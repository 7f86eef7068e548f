/** One field of a control's form. */
import { Field } from "../../parts/field.tsx";
import type { FormField } from "./schema-fields.ts";

/** What is wrong, by the field's name. */
export type Faults = Readonly<Record<string, string>>;

type ControlInputProps = {
  readonly field: FormField;
  readonly value: string | boolean;
  /** The operation's last word on it, where there is one: shown while the field is empty. */
  readonly last: string | undefined;
  readonly wrong: string | undefined;
  readonly onChange: (name: string, value: string | boolean) => void;
};

export function ControlInput({ field, value, last, wrong, onChange }: ControlInputProps) {
  const { name, label, kind, isRequired, choices, least, most, hint } = field;
  if (kind === "switch") {
    return (
      <label class="switch">
        <input
          type="checkbox"
          checked={value === true}
          onChange={(event) => onChange(name, event.currentTarget.checked)}
        />
        {label}
      </label>
    );
  }
  const text = String(value);
  const typed = {
    placeholder: last ?? (isRequired ? undefined : "as it is"),
    autocomplete: "off",
    value: text,
    onInput: (event: { readonly currentTarget: HTMLInputElement }) =>
      onChange(name, event.currentTarget.value),
  } as const;
  return (
    <Field label={label} hint={hint} wrong={wrong}>
      {(tied) =>
        kind === "choice" ? (
          <select {...tied} value={text} onChange={(event) => onChange(name, event.currentTarget.value)}>
            {!isRequired && field.initial === "" && <option value="">as it is</option>}
            {choices.map((choice) => (
              <option key={choice}>{choice}</option>
            ))}
          </select>
        ) : kind === "text" ? (
          <input {...tied} {...typed} type="text" list={undefined} />
        ) : (
          <input
            {...tied}
            {...typed}
            type="number"
            step={kind === "number" ? "any" : undefined}
            min={least}
            max={most}
            required={isRequired}
          />
        )
      }
    </Field>
  );
}
