import { shown } from "../../core/options.ts";
import { tableDefinition } from "../../engines/aws/table-definition.ts";
import type { Rule } from "../rule.ts";
import { listOf, objectOf } from "../template.ts";

const expected = tableDefinition("");

export const tableKeys: Rule = {
  id: "table-keys",
  severity: "lose",
  why: "The engine finds rows by these keys and indexes alone. Without one of the indexes what is parked is never taken up again, or lists and sockets do not see what has happened.",
  source: "docs/adr/0011-aws.md",
  check: ({ template, table }) => {
    if (table === undefined) return [];
    const property = "GlobalSecondaryIndexes";
    const given = listOf(template.value(table, property)).map(objectOf);
    const indexes = expected.GlobalSecondaryIndexes.flatMap((index) => {
      const found = given.find(({ IndexName: name }) => name === index.IndexName);
      if (found === undefined)
        return [{ at: table, property, says: `have no "${index.IndexName}".`, fix: `Add ${spaced(index)}` }];
      const wrong = (["KeySchema", "Projection"] as const).find(
        (name) => canonical(found[name]) !== canonical(index[name]),
      );
      if (wrong === undefined) return [];
      const says = `have a ${wrong} of "${index.IndexName}" that the engine does not know: ${shown(found[wrong])}`;
      return [{ at: table, property, says, fix: `${wrong}: ${spaced(index[wrong])}` }];
    });
    const keys = template.value(table, "KeySchema");
    const fix = `KeySchema: ${spaced(expected.KeySchema)}`;
    return canonical(keys) === canonical(expected.KeySchema)
      ? indexes
      : [{ at: table, property: "KeySchema", says: `is ${shown(keys)}.`, fix }, ...indexes];
  },
};

/** On one line, and with spaces where it may be broken. */
function spaced(value: unknown): string {
  return JSON.stringify(value, null, 1).replace(/\n\s*/g, " ");
}

/** The same for the same value, in whichever order its members and its elements are written. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).sort().join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "";
  const members = Object.entries(value).map(([name, member]) => `${name}:${canonical(member)}`);
  return `{${members.sort().join()}}`;
}
