/** What operators did, numbered so that a page goes on where the last one ended, whatever came or went meanwhile. */
import type { AuditEntry, Page } from "../../core/engine.ts";

type Numbered = { readonly number: number; readonly entry: AuditEntry };

export class Audit {
  readonly #entries: Numbered[] = [];
  #last = 0;

  add(entry: AuditEntry): void {
    this.#entries.push({ number: ++this.#last, entry });
  }

  /** Newest first. */
  page(limit: number, before = Number.POSITIVE_INFINITY): Page<AuditEntry> {
    const earlier = this.#entries.filter(({ number }) => number < before);
    const page = earlier.slice(-limit).reverse();
    const next = earlier.length > limit ? String(page.at(-1)?.number) : null;
    return { items: page.map(({ entry }) => entry), next };
  }

  /** Of so many of the oldest, those that were added by then; answers how many. */
  prune(until: number, limit: number): number {
    const oldest = this.#entries.slice(0, limit);
    const kept = oldest.filter(({ entry }) => entry.at > until);
    this.#entries.splice(0, oldest.length, ...kept);
    return oldest.length - kept.length;
  }
}
