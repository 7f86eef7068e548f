/** A table that scrolls in a box of its own where it is wider than the page; by keyboard, too. */
import type { ComponentChildren } from "preact";

export function Scroller({
  label,
  children,
}: {
  readonly label: string;
  readonly children: ComponentChildren;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a pointer
    <section class="scroller" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
