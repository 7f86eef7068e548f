/** What each lane answered, as one bar each; hatched is what was turned away. */
import type { Counts, Lane } from "../../../src/lab/report.ts";
import { share } from "./figures.ts";
import { LANES } from "./lanes.ts";

const KINDS = [
  ["answered", "answered"],
  ["receipts", "given a receipt"],
  ["refused", "refused"],
  ["failed", "failed"],
] as const satisfies readonly (readonly [keyof Counts, string])[];

/** A narrower part has no room for its words. */
const WORDS_FIT = 0.16;

export function Outcomes({ lanes }: { readonly lanes: readonly Lane[] }) {
  const kinds = KINDS.filter(([kind]) => lanes.some(({ counts }) => counts[kind] > 0));
  return (
    <div class="outcomes">
      <dl>
        {lanes.map(({ name, counts }) => (
          <div key={name}>
            <dt>{LANES[name].title}</dt>
            <dd class="stack">
              {kinds.map(([kind, says]) => (
                <Part key={kind} kind={kind} says={says} part={counts[kind]} all={counts.offered} />
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <ul class="legend">
        {kinds.map(([kind, says]) => (
          <li key={kind}>
            <i class={`swatch ${kind}`} aria-hidden="true" /> {says}
          </li>
        ))}
      </ul>
    </div>
  );
}

type PartProps = {
  readonly kind: string;
  readonly says: string;
  readonly part: number;
  readonly all: number;
};

function Part({ kind, says, part, all }: PartProps) {
  if (part === 0) return null;
  const of = share(part, all);
  return (
    <span class={kind} style={{ flexGrow: part / all }} title={`${says}: ${of}`}>
      {part / all >= WORDS_FIT ? <b>{of}</b> : <span class="unseen">{of} </span>}
      <span class="unseen">{says}</span>
    </span>
  );
}
