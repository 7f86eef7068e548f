// Bundles the console: `console/.bundle/` in a clone, made again when a source is newer; `dist/console/` when the
// package is built. Plain JavaScript, because the Node.js that runs it may be too old to strip types.
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const sources = join(here, "src");
/** What the clone's own server looks for. */
export const bundleFolder = join(here, ".bundle");

/** Of the bundle of a clone: nothing to do if no source is newer. */
export async function ensureBundle() {
  if (!isCurrent()) await bundleInto(bundleFolder);
}

function isCurrent() {
  const page = join(bundleFolder, "index.html");
  if (!existsSync(page)) return false;
  const made = statSync(page).mtimeMs;
  const files = readdirSync(sources, { recursive: true }).map((file) => join(sources, String(file)));
  return [...files, join(here, "build.js"), join(here, "package-lock.json")].every(
    (file) => statSync(file).mtimeMs <= made,
  );
}

/** @param {string} folder */
export async function bundleInto(folder) {
  const { build } = await import("esbuild");
  const common = {
    bundle: true,
    minify: true,
    write: /** @type {const} */ (false),
    format: /** @type {const} */ ("esm"),
    target: "es2022",
    jsx: /** @type {const} */ ("automatic"),
    jsxImportSource: "preact",
    legalComments: /** @type {const} */ ("none"),
    outdir: folder,
    loader: { ".svg": /** @type {const} */ ("dataurl") },
  };
  const [app, report] = await Promise.all([
    build({ ...common, entryPoints: { main: join(sources, "main.tsx") }, entryNames: "[name]-[hash]" }),
    build({ ...common, format: "iife", entryPoints: { report: join(sources, "report/page.tsx") } }),
  ]);
  // Whole or not at all: a server may be reading the one before.
  const fresh = `${folder}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  for (const { path, contents } of app.outputFiles) writeFileSync(join(fresh, nameOf(path)), contents);
  const [script, style] = [".js", ".css"].map((end) => nameOf(fileOf(app, end).path));
  const page = readFileSync(join(sources, "index.html"), "utf8");
  writeFileSync(
    join(fresh, "index.html"),
    page.replace("{script}", script ?? "").replace("{style}", style ?? ""),
  );
  writeFileSync(
    join(fresh, "report.html"),
    reportPage(fileOf(report, ".js").text, fileOf(report, ".css").text),
  );
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
}

/**
 * The template of a report that can be mailed: one file, with `<!--report-->` where its JSON belongs, and `<!--text-->` for what
 * shows where scripts do not run.
 * @param {string} script
 * @param {string} style
 */
function reportPage(script, style) {
  const inline = script.replaceAll("</script", "<\\/script");
  const digest = createHash("sha256").update(inline).digest("base64");
  return readFileSync(join(sources, "report/page.html"), "utf8")
    .replace("{policy}", () => `default-src 'none'; script-src 'sha256-${digest}'; style-src 'unsafe-inline'`)
    .replace("{style}", () => style)
    .replace("{script}", () => inline);
}

/**
 * @param {{ outputFiles: import("esbuild").OutputFile[] }} result
 * @param {string} end
 */
function fileOf({ outputFiles }, end) {
  const file = outputFiles.find(({ path }) => path.endsWith(end));
  if (file === undefined) throw new Error(`The bundle has no ${end} file.`);
  return file;
}

/** @param {string} path */
const nameOf = (path) => path.replace(/^.*[\\/]/, "");

if (fileURLToPath(import.meta.url) === process.argv[1]) await bundleInto(bundleFolder);
