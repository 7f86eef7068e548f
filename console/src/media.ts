/** What the window is like, as a signal that follows it. */
import { type ReadonlySignal, signal } from "@preact/signals";

/** For as long as the page is open. @param query as a style sheet has it */
export function matching(query: string): ReadonlySignal<boolean> {
  const media = matchMedia(query);
  const matches = signal(media.matches);
  media.addEventListener("change", () => {
    matches.value = media.matches;
  });
  return matches;
}
