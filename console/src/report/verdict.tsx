/** What the report speaks for, and the figures that it rests on. */
import type { Recommendation } from "../../../src/lab/report.ts";

const NAMES = { request: "Request-response", event: "Event-driven", spill: "Spill" } as const;

export function Verdict({
  recommendation: { flow, text, restsOn },
}: {
  readonly recommendation: Recommendation;
}) {
  return (
    <section class="panel verdict" aria-label="Recommendation">
      <h2>
        <span class="quiet">Recommendation</span> {flow === null ? "None" : NAMES[flow]}
      </h2>
      <p class="paragraph">{withCode(text)}</p>
      {restsOn.length > 0 && (
        <details>
          <summary>The figures that it rests on</summary>
          <ul>
            {restsOn.map((figure) => (
              <li key={figure}>{figure}</li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

/** What stands between backticks is code. */
function withCode(text: string) {
  return text.split("`").map((part, at) => (at % 2 === 1 ? <code key={part}>{part}</code> : part));
}
