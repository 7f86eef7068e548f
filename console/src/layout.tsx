/** The bar with the way to each page, and whether the figures are live. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { connection, trouble } from "./live.ts";
import { shortId } from "./parts/job-link.tsx";
import { hrefOf, path, steps } from "./router.ts";
import { hasCookie } from "./session.ts";
import { SignOut } from "./sign-out.tsx";

const PLACES = [
  ["/", "Flows"],
  ["/jobs", "Jobs"],
  ["/dead-letters", "Dead letters"],
  ["/operations", "Operations"],
  ["/nodes", "Nodes"],
  ["/audit", "Audit"],
  ["/reports", "Reports"],
] as const;

export function Layout({ children }: { readonly children: ComponentChildren }) {
  const content = useRef<HTMLElement>(null);
  const shown = useRef(path.value);
  useEffect(() => {
    document.title = titleOf();
    // As a browser does with a new page: what is read and what is tabbed through begins there.
    if (shown.current !== path.value) content.current?.focus({ preventScroll: true });
    shown.current = path.value;
  }, [path.value]);
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="bar">
        <a class="brand" href={hrefOf("/")}>
          <Mark /> Spillway
        </a>
        <nav aria-label="Pages">
          {PLACES.map(([to, name]) => (
            <a key={to} href={hrefOf(to)} aria-current={isWithin(to) ? "page" : undefined}>
              {name}
            </a>
          ))}
        </nav>
        <Live />
        {hasCookie.value && <SignOut />}
      </header>
      <main id="content" ref={content} tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

function titleOf(): string {
  const [, item] = steps.value;
  const place = PLACES.find(([to]) => isWithin(to))?.[1];
  return [item && shortId(item), place, "Spillway"].filter(Boolean).join(" – ");
}

function isWithin(place: string): boolean {
  return path.value === place || (place !== "/" && path.value.startsWith(`${place}/`));
}

const SAYS = { connecting: "Connecting …", live: "Live", reconnecting: "Reconnecting …" };

function Live() {
  const state = connection.value;
  return (
    <p class={`connection ${trouble.value === undefined ? state : "reconnecting"}`} role="status">
      <span class="dot" aria-hidden="true" />
      {trouble.value === undefined ? SAYS[state] : "Store away"}
    </p>
  );
}

/** Water that leaves by the side. */
function Mark() {
  return (
    <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      <path d="M2 6h7v8h9" fill="none" stroke="currentColor" stroke-width="3" />
    </svg>
  );
}
