// `npm run build`: emits dist/, the folder that is published. A clone never needs it: Node.js runs the sources.
import {
  chmodSync,
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { bundleInto } from "../console/build.js";
import { execute } from "./execute.ts";

type Manifest = {
  readonly exports: Readonly<Record<string, string>>;
  readonly scripts?: unknown;
  readonly devDependencies?: unknown;
};

rmSync("dist", { recursive: true, force: true });
const { code } = await execute(process.execPath, [
  "tools/check/node_modules/typescript/bin/tsc",
  "--project",
  "tsconfig.build.json",
]);
if (code === 0) {
  rewriteExtensions();
  copyFiles();
  await bundleInto("dist/console");
  writeManifest();
  await importEverything();
} else {
  process.exitCode = code;
}

/**
 * The compiler rewrites the imports of what it emits as JavaScript; not those of declarations, nor the file of a
 * worker thread, which `new URL("./x.ts", import.meta.url)` names.
 */
function rewriteExtensions(): void {
  rewrite("dist/**/*.js", /(new URL\(\s*["'`]\.[^"'`]*)\.ts(?=["'`],\s*import\.meta\.url)/g);
  rewrite("dist/**/*.d.ts", /((?:\bfrom\s*|\bimport\s*\(?\s*)["']\.[^"']*)\.ts(?=["'])/g);
}

function rewrite(files: string, pattern: RegExp): void {
  for (const file of globSync(files)) {
    writeFileSync(file, readFileSync(file, "utf8").replace(pattern, "$1.js"));
  }
}

function copyFiles(): void {
  mkdirSync("dist/bin");
  copyFileSync("bin/spillway.js", "dist/bin/spillway.js");
  chmodSync("dist/bin/spillway.js", 0o755);
  for (const file of ["LICENSE", "README.md", "CHANGELOG.md"]) {
    if (existsSync(file)) copyFileSync(file, `dist/${file}`);
  }
}

function writeManifest(): void {
  const { scripts: _, devDependencies: __, ...manifest } = readManifest();
  const exports = Object.fromEntries(
    Object.entries(manifest.exports).map(([name, source]) => {
      const path = source.replace("./src/", "./").replace(/\.ts$/, "");
      return [name, { types: `${path}.d.ts`, default: `${path}.js` }];
    }),
  );
  writeFileSync("dist/package.json", `${JSON.stringify({ ...manifest, exports }, null, 2)}\n`);
}

/** An entry that does not load is found here rather than by whoever installs the package. */
async function importEverything(): Promise<void> {
  for (const [name, source] of Object.entries(readManifest().exports)) {
    const target = source.replace("./src/", "../dist/").replace(/\.ts$/, ".js");
    await import(new URL(target, import.meta.url).href);
    console.log(`dist: ${name.replace(".", "spillway")} loads`);
  }
}

function readManifest(): Manifest {
  return JSON.parse(readFileSync("package.json", "utf8"));
}
