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
  rewriteUrls();
  copyFiles();
  writeManifest();
  await importEverything();
} else {
  process.exitCode = code;
}

/** The compiler rewrites imports only; a worker thread's file is named by `new URL("./x.ts", import.meta.url)`. */
function rewriteUrls(): void {
  for (const file of globSync("dist/**/*.js")) {
    const text = readFileSync(file, "utf8");
    const rewritten = text.replace(
      /(new URL\(\s*["'`]\.[^"'`]*)\.ts(["'`],\s*import\.meta\.url)/g,
      "$1.js$2",
    );
    if (rewritten !== text) writeFileSync(file, rewritten);
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
  for (const name of Object.keys(readManifest().exports)) {
    await import(new URL(`../dist/${targetOf(name)}`, import.meta.url).href);
    console.log(`dist: ${name.replace(".", "spillway")} loads`);
  }
}

const targetOf = (name: string) =>
  readManifest().exports[name]?.replace("./src/", "").replace(/\.ts$/, ".js");

function readManifest(): Manifest {
  return JSON.parse(readFileSync("package.json", "utf8"));
}
