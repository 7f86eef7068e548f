import type { Rule } from "../rule.ts";
import { refersTo } from "../template.ts";

const SCHEDULES = ["AWS::Scheduler::Schedule", "AWS::Events::Rule"];

export const sweepSchedule: Rule = {
  id: "sweep-schedule",
  severity: "lose",
  why: "What is parked has no message: retries after more than 15 minutes, jobs that others have sent, runs whose process died. The sweep alone sends them on.",
  source: "docs/adr/0011-aws.md",
  check: ({ template, sweep }) => {
    if (sweep === undefined) return [];
    const schedules = template.of(...SCHEDULES).filter(({ properties }) => refersTo(properties, sweep.id));
    if (schedules.length === 0) {
      const fix = `Add an AWS::Scheduler::Schedule that invokes ${sweep.id} every minute`;
      return [{ at: sweep, says: "has no schedule.", fix }];
    }
    return schedules
      .filter((schedule) => template.value(schedule, "State") === "DISABLED")
      .map((at) => ({ at, property: "State", says: "is DISABLED.", fix: 'State: "ENABLED"' }));
  },
};
