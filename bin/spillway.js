#!/usr/bin/env node
// The command line's door: finds a Node.js that Spillway supports and hands over to cli/main. In a published package
// it can only ask for a newer Node.js; in a clone it brings one.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const oldestSupported = 24;
const at = (/** @type {string} */ path) => new URL(path, import.meta.url);
const published = existsSync(at("../cli/main.js"));

if (Number(process.versions.node.split(".")[0]) >= oldestSupported && published) {
  await import(at("../cli/main.js").href);
} else if (published) {
  console.error(
    `spillway: needs Node.js ${oldestSupported} or newer; this is ${process.versions.node}. Install one from https://nodejs.org, or with a version manager (\`nvm install ${oldestSupported}\`), and run this again.`,
  );
  process.exitCode = 1;
} else {
  process.argv.splice(2, 0, "--with", "console", fileURLToPath(at("../src/cli/main.ts")));
  await import(at("../tools/run.js").href);
}
