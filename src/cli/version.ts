/** The version of this installation, from its manifest. */
import { existsSync, readFileSync } from "node:fs";

export function version(): string {
  // The published package has it one folder up, a clone two.
  const [published, clone] = ["../package.json", "../../package.json"].map(
    (at) => new URL(at, import.meta.url),
  );
  const manifest = published !== undefined && existsSync(published) ? published : clone;
  if (manifest === undefined) return "unknown";
  const { version }: { version: string } = JSON.parse(readFileSync(manifest, "utf8"));
  return version;
}
