/** What to look for; each change is a new address, so that it can be sent to somebody, and taken back. */
import { useState } from "preact/hooks";
import { figures } from "../../live.ts";
import { Button } from "../../parts/button.tsx";
import { Field } from "../../parts/field.tsx";
import { go, hrefOf } from "../../router.ts";
import type { Status } from "../../wire.ts";
import { type Filters, fromLocalTime, isFiltered, localTime, SPANS, searchOf } from "./filters.ts";

const STATUSES: readonly Status[] = ["queued", "running", "succeeded", "failed", "cancelled"];
/** Those that the server gives by itself; an operation may have its own. */
const CODES = [
  "handler-failed",
  "handler-timeout",
  "condition-failed",
  "invalid-output",
  "effects-too-large",
];

export function FilterForm({ filters }: { readonly filters: Filters }) {
  const set = (change: Partial<Filters>) => go(hrefOf("/jobs", searchOf({ ...filters, ...change })));
  const operations = figures.value?.operations.map(({ name }) => name) ?? [];
  return (
    <form class="filters" aria-label="Filter the jobs" onSubmit={(event) => event.preventDefault()}>
      <Choice
        label="Status"
        unset="Any"
        chosen={filters.status}
        choices={STATUSES.map((status) => [status, status])}
        onChoose={(status) => set({ status })}
      />
      <Choice
        label="Operation"
        unset="Any"
        chosen={filters.operation}
        choices={[...new Set([...operations, filters.operation])]
          .filter((name) => name !== "")
          .map((name) => [name, name])}
        onChoose={(operation) => set({ operation })}
      />
      <Words
        label="Error code"
        placeholder="Any"
        value={filters.errorCode}
        suggestions={CODES}
        onEnter={(errorCode) => set({ errorCode })}
      />
      <Words
        label="Principal"
        placeholder="Anyone"
        value={filters.principal}
        onEnter={(principal) => set({ principal })}
      />
      <Choice
        label="Accepted"
        unset="Any time"
        chosen={filters.time}
        choices={[
          ...Object.entries(SPANS).map(([span, { label }]): [string, string] => [span, label]),
          ["between", "Between …"],
        ]}
        onChoose={(time) => set({ time })}
      />
      {filters.time === "between" && <Between filters={filters} set={set} />}
      {isFiltered(filters) && (
        <div>
          <Button onClick={() => go(hrefOf("/jobs"))}>Clear filters</Button>
        </div>
      )}
    </form>
  );
}

function Between({
  filters: { from, to },
  set,
}: {
  readonly filters: Filters;
  readonly set: (change: Partial<Filters>) => void;
}) {
  return (
    <div class="between">
      <Field label="From">
        {(field) => (
          <input
            {...field}
            type="datetime-local"
            value={localTime(from)}
            onChange={({ currentTarget }) => set({ from: fromLocalTime(currentTarget.value) })}
          />
        )}
      </Field>
      <Field label="To">
        {(field) => (
          <input
            {...field}
            type="datetime-local"
            value={localTime(to)}
            onChange={({ currentTarget }) => set({ to: fromLocalTime(currentTarget.value) })}
          />
        )}
      </Field>
    </div>
  );
}

type ChoiceProps = {
  readonly label: string;
  readonly unset: string;
  readonly chosen: string;
  readonly choices: readonly (readonly [value: string, name: string])[];
  readonly onChoose: (value: string) => void;
};

function Choice({ label, unset, chosen, choices, onChoose }: ChoiceProps) {
  return (
    <Field label={label}>
      {(field) => (
        <select {...field} value={chosen} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
          <option value="">{unset}</option>
          {choices.map(([value, name]) => (
            <option key={value} value={value} selected={value === chosen}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

type WordsProps = {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly suggestions?: readonly string[];
  readonly onEnter: (value: string) => void;
};

/** Taken when Enter is pressed or the field is left, not with every letter. */
function Words({ label, placeholder, value, suggestions, onEnter }: WordsProps) {
  const [typed, setTyped] = useState<string | undefined>();
  return (
    <Field label={label}>
      {(field) => (
        <>
          <input
            {...field}
            type="search"
            placeholder={placeholder}
            autocomplete="off"
            spellcheck={false}
            value={typed ?? value}
            list={suggestions && `${field.id}-known`}
            onInput={({ currentTarget }) => setTyped(currentTarget.value)}
            onChange={({ currentTarget }) => {
              setTyped(undefined);
              onEnter(currentTarget.value.trim());
            }}
          />
          {suggestions && (
            <datalist id={`${field.id}-known`}>
              {suggestions.map((suggestion) => (
                <option key={suggestion} value={suggestion} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  );
}
