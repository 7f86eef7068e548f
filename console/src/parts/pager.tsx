/**
 * Through a list by its cursors. A cursor only leads on, so the way back is remembered for as long as the page is
 * open; after a reload there is the way to the start.
 */
import { go, hrefOf, path, query } from "../router.ts";
import { Button } from "./button.tsx";

/** From each cursor to the one before it; the first page has none. */
const before = new Map<string, string>();

export function Pager({ next }: { readonly next: string | null }) {
  const cursor = query.value.get("cursor") ?? "";
  const back = before.get(cursor);
  if (cursor === "" && next === null) return null;
  const onNext = (): void => {
    if (next === null) return;
    before.set(next, cursor);
    go(pageAt(next));
  };
  return (
    <nav class="pager" aria-label="Pages of the list">
      <Button disabled={cursor === ""} onClick={() => go(pageAt(""))}>
        Newest
      </Button>
      <Button disabled={back === undefined || cursor === ""} onClick={() => go(pageAt(back ?? ""))}>
        Newer
      </Button>
      <Button disabled={next === null} onClick={onNext}>
        Older
      </Button>
    </nav>
  );
}

function pageAt(cursor: string): string {
  return hrefOf(path.value, { ...Object.fromEntries(query.value), cursor });
}
