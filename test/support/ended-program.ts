import type { ChildProcessByStdio } from "node:child_process";
import type { Readable } from "node:stream";

export type Ended = { readonly code: number | null; readonly out: string; readonly errors: string };

/** All that it prints, once it has ended. */
export function ended(program: ChildProcessByStdio<null, Readable, Readable>): Promise<Ended> {
  let [out, errors] = ["", ""];
  program.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  program.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  return new Promise((resolve) => program.on("close", (code) => resolve({ code, out, errors })));
}
