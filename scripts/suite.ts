// Runs one test suite: `node scripts/suite.ts unit`. Further arguments go to `node --test`: a file runs that file
// alone, `--test-name-pattern=…` the tests whose names match.
import { isSuiteName, runSuite, suites } from "./suites.ts";

const [name = "", ...options] = process.argv.slice(2);

if (isSuiteName(name)) {
  const outcome = await runSuite(name, options);
  if (outcome === undefined) console.log(`${name}: no tests yet`);
  process.exitCode = outcome === undefined || outcome.ok ? 0 : 1;
} else {
  console.error(`There is no suite "${name}"; there are ${Object.keys(suites).join(", ")}.`);
  process.exitCode = 2;
}
