/** How many were in use at once, from intervals told by many processes. */

export class InUse {
  readonly #began = new Map<string, bigint>();
  readonly #moments: { readonly at: bigint; readonly step: 1 | -1 }[] = [];

  /** A line of `observer.ts`. */
  hear(process: number, line: string): void {
    const [what = "", use = "", at = "0"] = line.split(" ");
    const key = `${process} ${use}`;
    if (what === "begin") this.#began.set(key, BigInt(at));
    const began = this.#began.get(key);
    if (what === "end" && began !== undefined) this.#end(key, began, BigInt(at));
  }

  /** What it had in use, it has no more. */
  died(process: number): void {
    const at = globalThis.process.hrtime.bigint();
    for (const [key, began] of this.#began) if (key.startsWith(`${process} `)) this.#end(key, began, at);
  }

  get uses(): number {
    return this.#moments.length / 2;
  }

  get peak(): number {
    let now = 0;
    let peak = 0;
    // Of two at the same moment the end comes first.
    for (const { step } of this.#moments.toSorted((a, b) => Number(a.at - b.at) || a.step - b.step)) {
      now += step;
      peak = Math.max(peak, now);
    }
    return peak;
  }

  #end(key: string, began: bigint, at: bigint): void {
    this.#began.delete(key);
    this.#moments.push({ at: began, step: 1 }, { at, step: -1 });
  }
}
