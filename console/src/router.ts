/** Which page is shown: the path below `/console`, with its query, kept in the address bar. */
import { computed, signal } from "@preact/signals";

export const BASE = "/console";

const address = signal(new URL(location.href));

addEventListener("popstate", () => {
  address.value = new URL(location.href);
});

/** "/jobs/…", without a slash at its end; "/" is the first page. */
export const path = computed(() => {
  const below = address.value.pathname.slice(BASE.length).replace(/\/+$/, "");
  return below === "" ? "/" : below;
});

export const query = computed(() => address.value.searchParams);

export function hrefOf(to: string, search: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(search).filter((entry): entry is [string, string] => !!entry[1]);
  const text = given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
  return `${BASE}${to}${text}`;
}

export function go(href: string, { replace = false } = {}): void {
  history[replace ? "replaceState" : "pushState"](null, "", href);
  address.value = new URL(location.href);
  if (!replace) scrollTo(0, 0);
}

/** Links stay links: what is to be opened elsewhere is left to the browser. */
export function followLink(event: MouseEvent): void {
  const link = (event.target as Element).closest?.("a");
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !isPlain || link.target || link.origin !== location.origin || event.defaultPrevented) return;
  if (link.pathname !== BASE && !link.pathname.startsWith(`${BASE}/`)) return;
  event.preventDefault();
  go(link.href);
}
