/** The style sheet's colours for a canvas, which knows no custom properties: an element says what they come to. */

/** Beside the line that it belongs to, a tint is faint. */
const TINT = 0.1;

export class Ink {
  readonly #here: HTMLElement;
  readonly #known = new Map<string, string>();

  constructor(here: HTMLElement) {
    this.#here = here;
  }

  /** @param property "--water" */
  of(property: string): string {
    const known = this.#known.get(property) ?? this.#resolved(property);
    this.#known.set(property, known);
    return known;
  }

  tint(property: string): string {
    // "rgb(1, 2, 3)", as computed styles have it.
    return this.of(property).replace(/^rgb\((.*)\)$/, `rgba($1, ${TINT})`);
  }

  /** When light became dark. */
  forget(): void {
    this.#known.clear();
  }

  #resolved(property: string): string {
    const probe = document.createElement("span");
    probe.style.color = `var(${property})`;
    this.#here.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  }
}
