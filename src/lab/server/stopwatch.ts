/** How long the handler took, run by run, and how large what its first runs handled was. */
import { byteLength } from "../../core/sizes.ts";
import type { OperationSample } from "../basis.ts";
import type { Ran, Stopwatch } from "./lane-app.ts";
import { type Ledger, SIZES_KEPT } from "./ledger.ts";

type Sized = { readonly id: string; readonly inputBytes: number; readonly outputBytes: number };

const NOTHING = { written: [], added: 0, sent: [] } as const;

export class HandlerTimes implements Stopwatch {
  readonly ms: number[] = [];
  readonly #sized: Sized[] = [];

  readonly took = (ms: number): void => {
    this.ms.push(ms);
  };

  readonly returned = ({ id, input, output }: Ran): void => {
    if (this.#sized.length >= SIZES_KEPT) return;
    this.#sized.push({ id, inputBytes: bytesOf(input), outputBytes: bytesOf(output) });
  };

  /** With what was committed of the same runs; reads, which belong to no run in particular, are spread over all. */
  samples({ sizes, rowsRead, bytesRead }: Ledger): readonly OperationSample[] {
    const readsARun = this.ms.length === 0 ? 0 : Math.round(rowsRead / this.ms.length);
    const read = new Array<number>(readsARun).fill(rowsRead === 0 ? 0 : bytesRead / rowsRead);
    const committed = sizes.size === 0 ? this.#sized : this.#sized.filter(({ id }) => sizes.has(id));
    return committed.map(({ id, inputBytes, outputBytes }) => ({
      inputBytes,
      outputBytes,
      ...(sizes.get(id) ?? NOTHING),
      read,
    }));
  }
}

/** What JSON cannot hold is not kept either. */
function bytesOf(value: unknown): number {
  try {
    return byteLength(JSON.stringify(value) ?? "");
  } catch {
    return 0;
  }
}
