/** A part of the architecture, with its figures in words. One that is full or grows says so, and looks so. */
import type { ComponentChildren } from "preact";
import { count } from "../../format.ts";
import "./box.css";
import type { Strain } from "./lanes.ts";

export type StrainSaid = { readonly sign: string; readonly says: ComponentChildren };

export const STRAINS = {
  slots: { sign: "■", says: "full" },
  rate: { sign: "■", says: "at its rate" },
  share: { sign: "■", says: "none to spare" },
} satisfies Readonly<Record<Strain, StrainSaid>>;

const PAUSED: StrainSaid = { sign: "❚❚", says: "paused" };

type BoxProps = {
  readonly kind: "client" | "gateway" | "queue" | "function" | "resource";
  readonly title: string;
  /** What is wrong, in a word or two. */
  readonly strain?: StrainSaid | undefined;
  /** In its place while nothing is: what follows does not move. */
  readonly calm?: string;
  readonly isPaused?: boolean;
  readonly children?: ComponentChildren;
};

export function Box({ kind, title, strain, calm, isPaused = false, children }: BoxProps) {
  const said = isPaused ? PAUSED : strain;
  const state = isPaused ? "paused" : strain ? "strained" : "calm";
  return (
    <div class={`box ${kind} ${state}`}>
      <p class="kind">{title}</p>
      {children}
      {said ? (
        <p class="strain">
          <span aria-hidden="true">{said.sign}</span> {said.says}
        </p>
      ) : (
        calm && <p class="quiet">{calm}</p>
      )}
    </div>
  );
}

/** So many of so many, as text and as a bar. */
export function Slots({ inUse, limit }: { readonly inUse: number; readonly limit: number | null }) {
  if (limit === null) {
    return (
      <p>
        <b>{count(inUse)}</b> in use, no limit
      </p>
    );
  }
  return (
    <>
      <p>
        <b>{count(inUse)}</b> of {count(limit)} slots
      </p>
      <span class="filling" aria-hidden="true">
        <i style={{ transform: `scaleX(${Math.min(1, inUse / limit)})` }} />
      </span>
    </>
  );
}
