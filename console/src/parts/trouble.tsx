/** What went wrong, in the server's words, and a way to try again. */
import { ProblemError } from "../api.ts";
import { Button } from "./button.tsx";

export function Trouble({ error, again }: { readonly error: unknown; readonly again?: () => void }) {
  return (
    <div class="trouble" role="alert">
      <p>{wordsOf(error)}</p>
      {again && <Button onClick={again}>Try again</Button>}
    </div>
  );
}

export function wordsOf(error: unknown): string {
  if (!(error instanceof ProblemError)) return error instanceof Error ? error.message : String(error);
  const { title, detail, errors = [] } = error.problem;
  const parts = errors.map(({ pointer, detail }) => `${pointer || "The input"}: ${detail}`);
  return [sentence(detail ?? title), ...parts].join(" ");
}

/** A title has no full stop of its own. */
function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
