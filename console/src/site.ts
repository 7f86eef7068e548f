/** The nodes that serve the store, and which of them answers here: it may be one of several, and only run jobs. */
import { computed, effect, signal } from "@preact/signals";
import { ask } from "./api.ts";
import { figures } from "./live.ts";
import type { NodeEntry, Page } from "./wire.ts";

const MOST = 500;
/** Of figures, which come once a second. */
const EVERY = 10;

const nodes = signal<readonly NodeEntry[]>([]);

/** Undefined until it is known. */
export const self = computed(() => nodes.value.find(({ id }) => id === figures.value?.node));
/** How many are there. */
export const present = computed(() => nodes.value.filter(({ lost }) => !lost).length);

/** For as long as the page is open: at first, every few figures, and whenever another node answers. */
export function followSite(): void {
  let come = 0;
  let asked: string | undefined;
  const asks = async (): Promise<void> => {
    try {
      nodes.value = (await ask<Page<NodeEntry>>("/admin/nodes", { query: { limit: MOST } })).items;
    } catch {
      // Whoever waits for it goes on waiting, and it is asked again.
      asked = undefined;
    }
  };
  effect(() => {
    const node = figures.value?.node;
    if (node === undefined || (node === asked && ++come % EVERY !== 0)) return;
    asked = node;
    void asks();
  });
}
