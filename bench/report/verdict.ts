// Whether a goal is reached. Pure; a figure that was not measured is neither reached nor missed.
import { type Bound, type BoundName, bounds } from "../goals.ts";

export type Verdict = Bound & {
  readonly name: BoundName;
  readonly measured: number;
  readonly reached: boolean;
};

/** Undefined where the run did not measure it. */
export type Figures = Readonly<Partial<Record<BoundName, number | undefined>>>;

export function verdictsOf(figures: Figures): readonly Verdict[] {
  return Object.keys(bounds).flatMap((key) => {
    const name = key as BoundName;
    const measured = figures[name];
    if (measured === undefined || Number.isNaN(measured)) return [];
    return { ...bounds[name], name, measured, reached: reaches(bounds[name], measured) };
  });
}

export function reaches(bound: Bound, measured: number): boolean {
  return bound.limit === "at least" ? measured >= bound.value : measured <= bound.value;
}

/** How much of its goal a figure is: 1 and more is reached, whichever way the goal points. */
export function shareOfGoal({ limit, value, measured }: Verdict): number {
  return limit === "at least" ? measured / value : value / Math.max(measured, Number.MIN_VALUE);
}

/** In the unit's usual precision: 0.83 ×, 152,311/s, 1.4 ms. */
export function amount(value: number, unit: Bound["unit"]): string {
  if (unit === "/s") return `${Math.round(value).toLocaleString("en-US")}/s`;
  const digits = ["×", "s", "ms", "per job"].includes(unit) ? 2 : 1;
  return `${value.toFixed(digits)} ${unit}`;
}

export function sentenceOf({ goal, says, measured, reached, ...bound }: Verdict): string {
  const limit = `${bound.limit} ${amount(bound.value, bound.unit)}`;
  const word = reached ? "reached" : "MISSED ";
  return `${goal.padEnd(4)} ${word}  ${says}: ${amount(measured, bound.unit)} (${limit})`;
}
