/** Where there is nothing to show: what that means, and what to do next. */
import type { ComponentChildren } from "preact";

export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}
