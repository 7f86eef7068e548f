/** The template of a plan, area by area. */
import type { Plan } from "../plan.ts";
import { alarmsPart } from "./alarms.ts";
import { type Template, templateOf } from "./cloudformation.ts";
import { directApiPart } from "./direct-api.ts";
import { eventStreamsPart } from "./event-streams.ts";
import { functionsOf, functionsPart } from "./functions.ts";
import { httpApiPart } from "./http-api.ts";
import { parametersPart } from "./parameters.ts";
import { queuesPart } from "./queues.ts";
import { schedulePart } from "./schedule.ts";
import { socketApiPart } from "./socket-api.ts";
import { tablePart } from "./table.ts";

/** The description of every template of ours, by which a folder of an earlier synth is known. */
export const MADE_BY =
  "Made by spillway synth from the operations of an app: change those, and make it again.";

export function templateFor(plan: Plan): Template {
  const functions = functionsOf(plan);
  return templateOf(MADE_BY, [
    parametersPart(),
    tablePart(),
    queuesPart(plan),
    functionsPart(functions),
    httpApiPart(),
    socketApiPart(),
    eventStreamsPart(),
    directApiPart(plan),
    schedulePart(),
    alarmsPart(plan, functions),
  ]);
}
