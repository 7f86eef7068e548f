// The entry behind every npm script: installs what the script needs if it is not there yet, picks a Node.js that
// Spillway supports, and runs the script under it. Plain JavaScript, because the Node.js that starts it may be as
// old as 18. It knows nothing about what the scripts do.
//
//   node tools/run.js [--node 24|26|PATH] [--with FOLDER,…] SCRIPT [ARGUMENT…]
//
// With the folder `console` it also bundles the console, where a source of it is newer than its bundle.
// The environment variable SPILLWAY_NODE overrides --node.
import { resolve } from "node:path";
import { ensureInstalled } from "./install.js";
import { Problem, root, runUnder } from "./launch.js";
import { chooseNode } from "./node-choice.js";

const why = /** @type {Record<string, string>} */ ({
  "": "what serving and the examples need",
  console: "what the console is bundled with",
  "tools/aws": "an SQS and AWS's runtime client for Lambda",
  "tools/browser": "a Chromium to test the console in",
  "tools/cdk": "AWS's CDK, which the template is tried with",
  "tools/check": "the TypeScript compiler and the linter",
  "tools/node": `Node.js 26 (this one is ${process.versions.node})`,
  "tools/node24": "Node.js 24 (suites run on the oldest supported line too)",
  "tools/postgres": "PostgreSQL to test on",
});

/** @param {string[]} args */
function parse(args) {
  const rest = [...args];
  const options = { node: "", folders: /** @type {string[]} */ ([]) };
  while (rest[0]?.startsWith("--")) {
    const flag = rest.shift();
    const value = rest.shift() ?? "";
    if (flag === "--node") options.node = value;
    else if (flag === "--with") options.folders = value.split(",");
    else throw new Problem(`tools/run.js does not know the option ${flag}.`);
  }
  const script = rest.shift();
  if (script === undefined) throw new Problem("tools/run.js needs the path of a script to run.");
  return { ...options, script, args: rest };
}

/** @param {string} folder */
const ensure = (folder) => ensureInstalled(folder, why[folder] ?? folder);

/** Only now: what it imports was installed a moment ago. */
async function bundled() {
  const { ensureBundle } = await import("../console/build.js");
  await ensureBundle();
}

async function main() {
  const { node, folders, script, args } = parse(process.argv.slice(2));
  await ensure("");
  for (const folder of folders) await ensure(folder);
  if (folders.includes("console")) await bundled();
  const binary = await chooseNode(process.env["SPILLWAY_NODE"] || node, ensure);
  await runUnder(binary, resolve(root, script), args);
}

main().catch((error) => {
  console.error(error instanceof Problem ? `spillway: ${error.message}` : error);
  process.exitCode = 1;
});
