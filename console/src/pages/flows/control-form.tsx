/** Calls one operation with what was filled in, and shows what it answered or where it was refused. */
import { useState } from "preact/hooks";
import { ask, ProblemError } from "../../api.ts";
import { useAnswer } from "../../parts/answer.ts";
import { Button } from "../../parts/button.tsx";
import { Field } from "../../parts/field.tsx";
import { Trouble } from "../../parts/trouble.tsx";
import { ControlAnswer } from "./control-answer.tsx";
import { ControlInput, type Faults } from "./control-input.tsx";
import { type Filled, type FormField, fieldsOf, inputOf, isOfNoUse, labelOf } from "./schema-fields.ts";

/** The input as a whole, by its pointer; where there are no fields it is one. */
const WHOLE = "";

type Taken = { readonly inputSchema: unknown };
type Outcome = { readonly output?: unknown; readonly error?: unknown };

export function ControlForm({ name }: { readonly name: string }) {
  const path = encodeURIComponent(name);
  const { value, error, again } = useAnswer<Taken>(`/admin/operations/${path}`);
  const fields = value && fieldsOf(value.inputSchema);
  const [filled, setFilled] = useState<Filled>({});
  const [outcome, setOutcome] = useState<Outcome>({});
  const [isBusy, setBusy] = useState(false);

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      const body = fields ? inputOf(fields, filled) : JSON.parse(textOf(filled));
      setOutcome({ output: await ask(`/operations/${path}`, { method: "POST", body }) });
      // A switch is for once: it is not turned again by the next press.
      setFilled((filled) => withoutSwitches(filled, fields));
    } catch (error) {
      setOutcome({ error });
    }
    setBusy(false);
  };

  if (error !== undefined) return <Trouble error={error} again={again} />;
  if (!value) return <p role="status">Loading {name} …</p>;
  if (isOfNoUse(value.inputSchema)) return null;
  const faults = faultsOf(outcome.error);
  const places = fields?.map((field) => field.name) ?? [WHOLE];
  const isElsewhere = outcome.error !== undefined && !places.some((place) => faults[place]);
  const change = (name: string, value: string | boolean) =>
    setFilled((filled) => ({ ...filled, [name]: value }));
  return (
    <form class="control" aria-label={labelOf(name)} onSubmit={submit}>
      <h2>{labelOf(name)}</h2>
      <div class="inputs">
        {fields ? (
          fields.map((field) => (
            <ControlInput
              key={field.name}
              field={field}
              value={filled[field.name] ?? field.initial}
              last={memberOf(outcome.output, field.name)}
              wrong={faults[field.name]}
              onChange={change}
            />
          ))
        ) : (
          <AnyInput value={textOf(filled)} wrong={faults[WHOLE]} onChange={change} />
        )}
        <Button kind="main" type="submit" busy={isBusy}>
          Run {name}
        </Button>
      </div>
      {isElsewhere && <Trouble error={outcome.error} />}
      <div role="status">{"output" in outcome && <ControlAnswer output={outcome.output} />}</div>
    </form>
  );
}

type AnyInputProps = {
  readonly value: string;
  readonly wrong: string | undefined;
  readonly onChange: (name: string, value: string) => void;
};

/** For an input that no form can be made for. */
function AnyInput({ value, wrong, onChange }: AnyInputProps) {
  return (
    <Field label="Input (JSON)" wrong={wrong}>
      {(field) => (
        <textarea
          {...field}
          rows={4}
          spellcheck={false}
          value={value}
          onInput={(event) => onChange(WHOLE, event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

function textOf(filled: Filled): string {
  return String(filled[WHOLE] ?? "{}");
}

function withoutSwitches(filled: Filled, fields: readonly FormField[] = []): Filled {
  const switches = new Set(fields.filter(({ kind }) => kind === "switch").map(({ name }) => name));
  return Object.fromEntries(Object.entries(filled).filter(([name]) => !switches.has(name)));
}

/** By the member that each is about: "/capacity" is of `capacity`. */
function faultsOf(error: unknown): Faults {
  if (error instanceof SyntaxError) return { [WHOLE]: `This is no JSON: ${error.message}.` };
  const errors = error instanceof ProblemError ? (error.problem.errors ?? []) : [];
  return Object.fromEntries(
    errors.map(({ pointer, detail }) => {
      const member = pointer.split("/")[1] ?? "";
      return [member.replaceAll("~1", "/").replaceAll("~0", "~"), detail];
    }),
  );
}

function memberOf(output: unknown, name: string): string | undefined {
  if (typeof output !== "object" || output === null) return undefined;
  const value = (output as Readonly<Record<string, unknown>>)[name];
  return typeof value === "number" || typeof value === "string" ? String(value) : undefined;
}
