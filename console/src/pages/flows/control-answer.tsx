/** What an operation answered: its members as a list, anything else as it is. */
import { Payload } from "../../parts/payload.tsx";
import { labelOf } from "./schema-fields.ts";

export function ControlAnswer({ output }: { readonly output: unknown }) {
  if (!isFlat(output)) return <Payload value={output} label="Answer" />;
  return (
    <dl class="answer">
      {Object.entries(output).map(([name, value]) => (
        <div key={name}>
          <dt>{labelOf(name)}</dt>
          <dd>{said(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

function isFlat(output: unknown): output is Readonly<Record<string, unknown>> {
  return (
    typeof output === "object" &&
    output !== null &&
    !Array.isArray(output) &&
    Object.values(output).every((value) => typeof value !== "object" || value === null)
  );
}

function said(value: unknown): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "number" ? value.toLocaleString("en") : String(value);
}
