/** Makes the template of the orders example, as anybody would: by the command. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

export type Synthesised = { readonly file: string; readonly remove: () => void };

/** Into a folder of its own; into one that is there, for whoever removes that. */
export function synthesise(app: string, more: readonly string[] = [], into?: string): Synthesised {
  const folder = into ?? mkdtempSync(join(tmpdir(), "spillway-rehearsal-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, "bin/spillway.js"), "synth", app, "--out", folder, ...more],
    { cwd: root, encoding: "utf8", timeout: 120_000 },
  );
  if (status === 0)
    return { file: join(folder, "template.json"), remove: into === undefined ? remove : () => undefined };
  remove();
  throw new Error(`spillway synth ${app} ended with ${status}:\n${stdout}${stderr}`);
}
