/**
 * The code of each function: the app's module and one handler of spillway/lambda in a bundle, small enough to start
 * quickly. What is loaded only when it is needed stays a file of its own beside it.
 */
import { dirname, extname, join } from "node:path";
import type { BuildFailure, BuildOptions, OutputFile, Plugin } from "esbuild";
import { configurationError } from "../core/errors.ts";
import type { Bundle } from "./template/functions.ts";

/** By its path below `code/`. */
export type BundledFile = { readonly path: string; readonly contents: Uint8Array };

type Esbuild = typeof import("esbuild");

const SOURCES = join(import.meta.dirname, "..");
/** Of this very file: .ts in a clone, .js where it is installed. */
const EXTENSION = extname(import.meta.filename);
const ENTRY = "index";

const PEERS = [
  "esbuild",
  "@aws-sdk/client-dynamodb",
  "@aws-sdk/client-sqs",
  "@aws-sdk/client-apigatewaymanagementapi",
  "@aws-lambda-powertools/batch",
  "@aws-lambda-powertools/logger",
  "@aws-lambda-powertools/metrics",
];

/** CommonJS packages ask for built-ins by `require`, which an ES module has not. */
const REQUIRE =
  'import { createRequire as spillwayRequire } from "node:module"; const require = spillwayRequire(import.meta.url);';

/** Of Spillway's public modules, those that are something else in a function. */
const MODULES: Readonly<Record<string, string>> = {
  spillway: "index",
  "spillway/aws": "engines/aws/index",
  "spillway/lambda": "lambda/index",
  "spillway/memory": "synth/stand-ins",
  "spillway/node": "synth/stand-ins",
  "spillway/postgres": "synth/stand-ins",
  "spillway/sqlite": "synth/stand-ins",
};

/** @param module the whole path of the file that exports `app` */
export async function bundlesOf(module: string, bundles: readonly Bundle[]): Promise<readonly BundledFile[]> {
  const esbuild = await loaded();
  const made = await Promise.all(bundles.map((bundle) => bundled(esbuild, module, bundle)));
  return made.flat();
}

/** All at once, those too that are loaded only when they are needed: none may be found missing in a function. */
async function loaded(): Promise<Esbuild> {
  const missing = PEERS.filter((name) => !isInstalled(name));
  if (missing.length === 0) return import("esbuild");
  throw configurationError(
    `The functions are bundled with packages of which ${missing.length === 1 ? "one is" : "some are"} not installed: ${missing.join(", ")}.`,
    `Install them beside spillway: npm install ${missing.join(" ")}`,
  );
}

function isInstalled(name: string): boolean {
  try {
    return import.meta.resolve(name) !== "";
  } catch {
    return false;
  }
}

async function bundled(esbuild: Esbuild, module: string, bundle: Bundle): Promise<readonly BundledFile[]> {
  const options = optionsOf(module, bundle);
  try {
    const { outputFiles = [] } = await esbuild.build(options);
    return outputFiles.map((file) => fileOf(file, options.outdir, bundle));
  } catch (error) {
    throw isBuildFailure(error) ? refusalOf(esbuild, error, bundle) : error;
  }
}

function optionsOf(module: string, bundle: Bundle) {
  return {
    stdin: {
      contents: `import { app } from ${JSON.stringify(module)};
import { ${bundle} } from ${JSON.stringify(fileAt(`lambda/${bundle}`))};
export const handler = ${bundle}(app);`,
      resolveDir: dirname(module),
      sourcefile: `${ENTRY}.js`,
    },
    absWorkingDir: dirname(module),
    // Nothing is written: a build that fails must leave what was there.
    write: false,
    outdir: join(dirname(module), "code"),
    outExtension: { ".js": ".mjs" },
    entryNames: ENTRY,
    chunkNames: "[name]-[hash]",
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node24",
    mainFields: ["module", "main"],
    banner: { js: REQUIRE },
    legalComments: "none",
    charset: "utf8",
    logLevel: "silent",
    plugins: [ourModules],
  } as const satisfies BuildOptions;
}

/** An app's own copy of Spillway may be another one than this; in one function there must be one. */
const ourModules: Plugin = {
  name: "spillway",
  setup(build) {
    build.onResolve({ filter: /^spillway(?:\/|$)/ }, ({ path }) => {
      const file = MODULES[path];
      return file === undefined ? undefined : { path: fileAt(file) };
    });
  },
};

function fileAt(path: string): string {
  return join(SOURCES, `${path}${EXTENSION}`);
}

function fileOf({ path, contents }: OutputFile, outdir: string, bundle: Bundle): BundledFile {
  return { path: join(bundle, path.slice(outdir.length + 1)), contents };
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error;
}

function refusalOf(esbuild: Esbuild, { errors }: BuildFailure, bundle: Bundle): Error {
  const missing = errors.map(({ text }) => /^Could not resolve "([^"./][^"]*)"/.exec(text)?.[1]);
  const packages = [...new Set(missing)];
  if (packages.every((name) => name !== undefined)) {
    return configurationError(
      `The app imports what is not installed: ${packages.join(", ")}.`,
      `Install it beside the app: npm install ${packages.join(" ")}`,
    );
  }
  const said = esbuild.formatMessagesSync(errors.slice(0, 5), { kind: "error", color: false }).join("\n");
  return configurationError(
    `The function "${bundle}" could not be bundled:\n${said.trimEnd()}\n\n  →`,
    "Mend what is named above.",
  );
}
