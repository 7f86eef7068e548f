/**
 * Options as they are really given: Node strips types without checking them, so a misspelt option would otherwise
 * be found in production. Refuses what nobody would read.
 */
import { configurationError } from "./errors.ts";

/** @param known every option that there is, with `what` it belongs to. */
export function checkOptions(what: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw configurationError(`${what} got ${shown(given)}.`, `Give it an object with ${known.join(", ")}.`);
  }
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const near = known.find((option) => isNear(option, name));
    throw configurationError(
      `${what} has no option "${name}".`,
      near === undefined ? `It takes ${known.join(", ")}.` : `Did you mean ${near}?`,
    );
  }
}

/** A value as a message may show it. */
export function shown(value: unknown): string {
  if (typeof value === "function") return "a function";
  return (JSON.stringify(value) ?? String(value)).slice(0, 60);
}

/** One begins the other, or one letter is wrong, missing or too many. */
function isNear(option: string, name: string): boolean {
  const [a, b] = [option.toLowerCase(), name.toLowerCase()];
  if (a.startsWith(b) || b.startsWith(a)) return true;
  if (Math.abs(a.length - b.length) > 1) return false;
  let same = 0;
  while (same < a.length && a[same] === b[same]) same++;
  const [restA, restB] = [a.slice(same), b.slice(same)];
  return restA.slice(1) === restB.slice(1) || restA.slice(1) === restB || restA === restB.slice(1);
}
