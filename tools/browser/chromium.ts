/**
 * A Chromium that needs nothing installed: its package brings the binary, the libraries under it and a font. They are
 * unpacked once for each user and version, into a folder beside other temporary files.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Browser, chromium } from "playwright-core";

export type { Browser, BrowserContext, Locator, Page } from "playwright-core";

const user = process.getuid?.();
const packages = join(import.meta.dirname, "node_modules");

/** What the package's binary was built for. */
export const runsHere = process.platform === "linux" && process.arch === "x64";

/** The accessibility rules, as a script for a page. */
export const accessibilityRules = (): string =>
  readFileSync(join(packages, "axe-core", "axe.min.js"), "utf8");

export async function launch(): Promise<Browser> {
  const folder = await unpacked();
  return chromium.launch({
    executablePath: join(folder, "chromium"),
    // One process for each page is what a browser is; a shared-memory disk of 64 MB, as containers have, is too small.
    args: ["--disable-dev-shm-usage", "--disable-gpu", "--font-render-hinting=none"],
    env: {
      ...process.env,
      LD_LIBRARY_PATH: join(folder, "al2023", "lib"),
      FONTCONFIG_FILE: join(import.meta.dirname, "fonts.conf"),
      XDG_DATA_HOME: folder,
    },
  });
}

/** A folder is there whole or not at all: two processes may unpack at once, and either may be ended meanwhile. */
async function unpacked(): Promise<string> {
  const { version }: { version: string } = JSON.parse(
    readFileSync(join(packages, "@sparticuz", "chromium", "package.json"), "utf8"),
  );
  const folder = join(tmpdir(), `spillway-chromium-${version}-${user}`);
  if (existsSync(folder)) return ours(folder);
  const partial = mkdtempSync(`${folder}-`);
  try {
    await promisify(execFile)(
      process.execPath,
      [
        "--input-type=module",
        "--eval",
        'await (await import("@sparticuz/chromium")).default.executablePath();',
      ],
      {
        cwd: import.meta.dirname,
        // It unpacks into the temporary folder; the libraries only on what it takes for AWS Lambda.
        env: { ...process.env, TMPDIR: partial, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs22.x" },
      },
    );
    renameSync(partial, folder);
  } catch (error) {
    // Another process was quicker.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return ours(folder);
}

/** Everybody may put something into the temporary folder, and what is in here is run. */
function ours(folder: string): string {
  if (statSync(folder).uid === user) return folder;
  throw new Error(`${folder} belongs to another user. Remove it, or set TMPDIR to a folder of your own.`);
}
