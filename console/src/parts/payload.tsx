/** JSON that somebody sent or got: always text, whatever is in it. */

export function Payload({ value, label }: { readonly value: unknown; readonly label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls needs the focus to be scrolled by keys.
    <section class="payload" aria-label={label} tabIndex={0}>
      <pre>{JSON.stringify(value, null, 2) ?? "nothing"}</pre>
    </section>
  );
}
