/** Which page is shown: the path below `/console`, with its query, kept in the address bar. */
import { computed, signal } from "@preact/signals";

const BASE = "/console";

const address = signal(new URL(location.href));

/** What a page needs at most to be as long again as it was. */
const REFILLED_MS = 2_000;

type Left = { readonly scrolled?: number } | null;

addEventListener("popstate", ({ state }: PopStateEvent) => {
  address.value = new URL(location.href);
  const scrolled = (state as Left)?.scrolled;
  if (scrolled) scrollOnceFilled(scrolled);
});

/** The browser scrolls back at once, when what is to be listed is still on its way. */
function scrollOnceFilled(to: number): void {
  const grown = new ResizeObserver(() => {
    if (document.documentElement.scrollHeight < to + innerHeight) return;
    scrollTo(0, to);
    grown.disconnect();
  });
  grown.observe(document.body);
  setTimeout(() => grown.disconnect(), REFILLED_MS);
}

/** "/jobs/…", without a slash at its end; "/" is the first page. */
export const path = computed(() => {
  const below = address.value.pathname.slice(BASE.length).replace(/\/+$/, "");
  return below === "" ? "/" : below;
});

/** The parts of the path as they were before they were encoded; none where they are no encoding of anything. */
export const steps = computed<readonly string[]>(() => {
  try {
    return path.value.split("/").slice(1).map(decodeURIComponent);
  } catch {
    return [];
  }
});

export const query = computed(() => address.value.searchParams);

export function hrefOf(to: string, search: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(search).filter((entry): entry is [string, string] => !!entry[1]);
  const text = given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
  return `${BASE}${to}${text}`;
}

export function go(href: string, { replace = false } = {}): void {
  if (!replace) history.replaceState({ scrolled: scrollY } satisfies Left, "");
  history[replace ? "replaceState" : "pushState"](null, "", href);
  address.value = new URL(location.href);
  if (!replace) scrollTo(0, 0);
}

/** Links stay links: what is to be opened elsewhere, or stands on this page, is left to the browser. */
export function followLink(event: MouseEvent): void {
  const link = (event.target as Element).closest?.("a");
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !isPlain || link.target || link.origin !== location.origin || event.defaultPrevented) return;
  if (link.pathname !== BASE && !link.pathname.startsWith(`${BASE}/`)) return;
  if (link.hash && link.pathname + link.search === location.pathname + location.search) return;
  event.preventDefault();
  go(link.href);
}
