/**
 * What goes wrong while serving, as lines for the people who run the server: what peers sent cannot forge a line, and a
 * storm of errors cannot fill the disk or slow everything down.
 */
import { SpillwayError } from "../core/errors.ts";

const LOGGED_CHARACTERS = 2_048;

/** What was thrown, on one line, without anything that a terminal would act on. */
export function describe(thrown: unknown): string {
  const text =
    thrown instanceof Error && !isOutage(thrown) ? (thrown.stack ?? String(thrown)) : String(thrown);
  return text
    .slice(0, LOGGED_CHARACTERS)
    .replace(/\n\s+/g, " | ")
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) =>
      JSON.stringify(character).slice(1, -1),
    );
}

/** A store that is away is nobody's mistake: where in the code it was missed tells nothing. */
function isOutage(thrown: Error): boolean {
  return thrown instanceof SpillwayError && thrown.code === "storage-unavailable";
}

const LINES_A_SECOND = 20;
const SECOND_MS = 1_000;

/** Passes on so many lines a second, and then how many more there were. */
export function atMostSome(log: (line: string) => void): (line: string) => void {
  let lines = 0;
  return (line) => {
    lines += 1;
    if (lines <= LINES_A_SECOND) log(line);
    if (lines > 1) return;
    setTimeout(() => {
      if (lines > LINES_A_SECOND) log(`… and ${lines - LINES_A_SECOND} more such lines in this second.`);
      lines = 0;
    }, SECOND_MS).unref();
  };
}
