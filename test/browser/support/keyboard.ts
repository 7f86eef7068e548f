/** Where the Tab key leads on a page. */
import type { Page } from "../../../tools/browser/chromium.ts";

export type TabStops = {
  /** Controls that it never reaches. */
  readonly missed: readonly string[];
  /** Controls that do not show that they have the focus. */
  readonly unseen: readonly string[];
};

/** Once around, or less where there are no more controls to find. */
export async function tabStops(page: Page): Promise<TabStops> {
  const count = await page.evaluate(findControls);
  let found = 0;
  for (let press = 0; press < 2 * count + 10 && found < count; press++) {
    await page.keyboard.press("Tab");
    found = await page.evaluate(noteFocus);
  }
  return page.evaluate(toldStops);
}

type Control = { readonly element: Element; reached: boolean; seen: boolean };
type Noted = typeof globalThis & { controls: readonly Control[] };

// What follows runs in the page.

function findControls(): number {
  const all = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  const elements = [...document.querySelectorAll(all)].filter(
    (element) =>
      element.checkVisibility() &&
      !element.matches(":disabled") &&
      // One of a group is reached by Tab, the others by arrows.
      !element.matches("input[type=radio]:not(:checked)"),
  );
  (globalThis as Noted).controls = elements.map((element) => ({ element, reached: false, seen: false }));
  return elements.length;
}

/** How many were reached until now. */
function noteFocus(): number {
  const { controls } = globalThis as Noted;
  const control = controls.find(({ element }) => element === document.activeElement);
  if (control) {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(control.element);
    control.reached = true;
    control.seen = (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none";
  }
  return controls.filter(({ element, reached }) => reached || !element.isConnected).length;
}

function toldStops(): TabStops {
  const controls = (globalThis as Noted).controls.filter(({ element }) => element.isConnected);
  const told = (found: readonly Control[]) => found.map(({ element }) => element.outerHTML.slice(0, 120));
  return {
    missed: told(controls.filter(({ reached }) => !reached)),
    unseen: told(controls.filter(({ reached, seen }) => reached && !seen)),
  };
}
