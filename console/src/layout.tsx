/** The bar with the way to each page, and whether the figures are live. */
import type { ComponentChildren } from "preact";
import { connection } from "./live.ts";
import { hrefOf, path } from "./router.ts";

const PLACES = [
  ["/", "Flows"],
  ["/jobs", "Jobs"],
  ["/dead-letters", "Dead letters"],
  ["/operations", "Operations"],
  ["/audit", "Audit"],
  ["/reports", "Reports"],
] as const;

export function Layout({ children }: { readonly children: ComponentChildren }) {
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
      </header>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

function isWithin(place: string): boolean {
  return path.value === place || (place !== "/" && path.value.startsWith(`${place}/`));
}

const SAYS = { connecting: "Connecting …", live: "Live", reconnecting: "Reconnecting …" };

function Live() {
  const state = connection.value;
  return (
    <p class={`connection ${state}`} role="status">
      <span class="dot" aria-hidden="true" />
      {SAYS[state]}
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
