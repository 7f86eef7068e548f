/** In the place of what was asked for and is on its way. */
export function Loading() {
  return (
    <p class="loading" role="status">
      Loading …
    </p>
  );
}
