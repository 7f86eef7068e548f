/** Where there is nothing to show: what that means, and what to do next. */
import type { ComponentChildren } from "preact";

export function Empty({
  title,
  isPage = false,
  children,
}: {
  readonly title: string;
  /** It is all that the page has to say, so it is its heading as well. */
  readonly isPage?: boolean;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      {isPage ? <h1>{title}</h1> : <h2>{title}</h2>}
      {children}
    </div>
  );
}
