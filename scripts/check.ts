// `npm run check`: what every commit must pass, in under a minute. `npm test` is the whole.
import { consoleTypes, docs, format, lint, runSteps, suite, types } from "./steps.ts";

/** Of what has no end of its own (simulated apps, fuzzed bodies) a share; all of it in `npm test`. */
const SHARE = { SEEDS: "60", FUZZ_MS: "1500" };

await runSteps([
  format,
  types,
  consoleTypes,
  lint,
  docs,
  suite("unit", SHARE),
  suite("conformance"),
  suite("architecture"),
]);
