/** The schedules of the template, faster by one factor than they say. */
import { type Functions, functionOf, mayInvoke } from "./gateway/invoking.ts";
import type { LambdaFunction } from "./lambda/function.ts";
import { list, members, type Template, text } from "./template/template.ts";

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

export type Schedule = { readonly everyMs: number; readonly target: LambdaFunction; readonly event: unknown };

export function schedulesOf(template: Template, functions: Functions): readonly Schedule[] {
  const rules = template.all("AWS::Events::Rule").flatMap(({ name, properties }) => {
    if (properties["ScheduleExpression"] === undefined) return [];
    const { attributes } = template.resolver.identity(name);
    return list(properties["Targets"]).map((entry) => {
      const { Arn, Input } = members(entry);
      const target = functionOf(functions, text(Arn ?? null, `${name}: its target`), name);
      if (!mayInvoke(template, target, "events.amazonaws.com", attributes["Arn"] ?? ""))
        throw new Error(`${name} may not invoke ${target.settings.name}; a permission is missing.`);
      return { everyMs: everyMs(properties["ScheduleExpression"], name), target, event: inputOf(Input) };
    });
  });
  const schedules = template.all("AWS::Scheduler::Schedule").map(({ name, properties }) => {
    const { Arn, Input, RoleArn } = members(properties["Target"]);
    if (RoleArn === undefined) throw new Error(`${name}: its target has no role to be invoked with.`);
    const target = functionOf(functions, text(Arn ?? null, `${name}: its target`), name);
    return { everyMs: everyMs(properties["ScheduleExpression"], name), target, event: inputOf(Input) };
  });
  return [...rules, ...schedules];
}

const inputOf = (input: unknown): unknown =>
  typeof input === "string"
    ? JSON.parse(input)
    : { source: "aws.events", "detail-type": "Scheduled Event", detail: {} };

function everyMs(expression: unknown, name: string): number {
  const [, count = "", unit = ""] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(String(expression)) ?? [];
  const ms = UNIT_MS[unit];
  if (ms === undefined)
    throw new Error(`${name}: the rehearsal reads rate(…), and not ${String(expression)}.`);
  return Number(count) * ms;
}
