/** What was written and sent against the schemas it must fit, one after the other, up to the first that does not. */
import { type Problem, problem } from "./errors.ts";
import type { JsonText } from "./job.ts";
import { parseJson } from "./json-build.ts";
import { type Schema, type Validated, validate } from "./schema.ts";
import type { Soon } from "./soon.ts";

/** What is stored is what is checked: a row may hold dates, and may have been altered since. */
export type Check = { readonly schema: Schema; readonly text: JsonText; readonly what: string };

export function firstFault(checks: readonly Check[], from = 0): Soon<Problem | undefined> {
  for (let i = from; i < checks.length; i++) {
    const check = checks[i] as Check;
    const result = validate(check.schema, parseJson(check.text));
    if (result instanceof Promise) {
      return result.then((later) => faultIn(check, later) ?? firstFault(checks, i + 1));
    }
    const fault = faultIn(check, result);
    if (fault) return fault;
  }
  return undefined;
}

function faultIn({ what }: Check, result: Validated<unknown>): Problem | undefined {
  return result.ok
    ? undefined
    : problem("handler-failed", `${what} is not valid.`, { errors: result.faults });
}
