/** What moves between two boxes, each way: how much of it, in words, and marks that run along faster the more it is. */
import { perSecond } from "../../format.ts";
import "./arrow.css";
import "./notice.css";

export type Moving = {
  readonly rate: number;
  /** Without a word it moves unsaid: another arrow has the figure. */
  readonly what?: string;
  /** Worth a look whenever it is not nothing. */
  readonly isBad?: boolean;
};

type ArrowProps = {
  /** From where to where. */
  readonly label: string;
  readonly place: string;
  readonly out?: readonly Moving[];
  readonly back?: readonly Moving[];
};

export function Arrow({ label, place, out = [], back = [] }: ArrowProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for inputs.
    <div class={`arrow ${place}`} role="group" aria-label={label}>
      <p class="says">{out.map(amount)}</p>
      <span class="ways" aria-hidden="true">
        {out.length > 0 && <Way to="out" moving={out} />}
        {back.length > 0 && <Way to="back" moving={back} />}
      </span>
      <p class="says">{back.map(amount)}</p>
    </div>
  );
}

/** From the function around to the client: how a job ended. */
export function Notice({ rate }: { readonly rate: number }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for inputs.
    <div class="notice" role="group" aria-label="Function to client">
      <span class="loop" data-pace={paceOf(rate)} aria-hidden="true">
        <i />
      </span>
      <p class="says">
        {amount({ rate, what: "noticed" })} <span class="quiet">by socket or status</span>
      </p>
    </div>
  );
}

function Way({ to, moving }: { readonly to: "out" | "back"; readonly moving: readonly Moving[] }) {
  const rate = moving.reduce((sum, one) => sum + one.rate, 0);
  return (
    <span class={`way ${to}`} data-pace={paceOf(rate)}>
      <i />
    </span>
  );
}

function amount({ rate, what, isBad = false }: Moving) {
  if (what === undefined) return undefined;
  const kind = rate === 0 ? "none" : isBad ? "bad" : "some";
  return (
    <span key={what} class={`amount ${kind}`}>
      <b>{perSecond(rate)}</b> {what}
    </span>
  );
}

/** Few steps: a pace that changed with every figure would never look even. */
function paceOf(rate: number): number {
  return rate <= 0 ? 0 : Math.min(5, Math.max(1, Math.floor(Math.log10(rate)) + 2));
}
