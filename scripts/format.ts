// `npm run format`: formats every file, sorts imports and applies the linter's safe fixes; `npm run format -- src/core`
// does it for those paths only.
import { execute } from "./execute.ts";

const paths = process.argv.slice(2);
const biome = "tools/check/node_modules/@biomejs/biome/bin/biome";
const { code } = await execute(process.execPath, [
  biome,
  "check",
  "--write",
  ...(paths.length > 0 ? paths : ["."]),
]);
process.exitCode = code;
