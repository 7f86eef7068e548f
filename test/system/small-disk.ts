import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** A file system in memory until the test ends; needs root. @param options of `mount`, such as `size=6m` */
export function smallDisk(t: TestContext, options: string): string {
  const disk = mkdtempSync(join(tmpdir(), "spillway-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", disk]);
  t.after(() => {
    // Lazily: what has files open on it is ended after this.
    execFileSync("umount", ["--lazy", disk]);
    rmSync(disk, { recursive: true });
  });
  return disk;
}
